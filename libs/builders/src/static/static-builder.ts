import { type Artifact, type Builder, type CallContext, type Source, UserError } from '@pierhead/model';
import { checkNamedFiles, dropGit, findPublished } from './published-folder.js';
import { ruleProblems, siteRules } from './site-rules.js';
import type { StaticConfig } from './static-config.js';

/** Builds nothing: stores the published folder, and says how the gateway serves it. */
export function createStaticBuilder(): Builder<StaticConfig> {
  return {
    validateConfig: async (config) => ruleProblems(config),
    build,
    discard: ({ digest }, { storage }) => storage.removeTree(digest),
  };
}

async function build(source: Source, config: StaticConfig, context: CallContext): Promise<Artifact> {
  checkRules(config);
  const root = await findPublished(folderOf(source), config.publishFolder || '.');
  const errorPage = await checkNamedFiles(root, config);
  await dropGit(root);
  context.signal.throwIfAborted();
  const { digest, bytes, files } = await context.storage.putTree(root);
  context.log(`Stored ${files} files, ${bytes} bytes`);
  return { kind: 'files', digest, bytes, rules: siteRules(config, errorPage) };
}

function folderOf(source: Source): string {
  if (source.kind !== 'image') return source.path;
  throw new UserError('source_not_supported', 'The static builder publishes files, not an image.', {
    hint: 'Choose a provider of source or of a finished site.',
  });
}

function checkRules(config: StaticConfig): void {
  const problems = ruleProblems(config);
  if (problems[0])
    throw new UserError('site_rules_invalid', problems[0].message, {
      hint: `Correct ${problems.map((each) => each.path).join(', ')} in the builder's config.`,
      problems,
    });
}

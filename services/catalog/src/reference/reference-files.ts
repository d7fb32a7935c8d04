import { builders } from '@pierhead/builders';
import type { Condition, ConfigSchema } from '@pierhead/model';
import { providers } from '@pierhead/providers';
import { createRegistries, type Registries } from '@pierhead/registry';
import { runtimes } from '@pierhead/runtimes';
import { conditionWords } from './condition-words.js';
import { fieldTable } from './field-table.js';

/** What is written out of the built-in schemas: by path from the root, the content. */
export function referenceFiles(): Map<string, string> {
  const registries = createRegistries({ providers, builders, runtimes });
  const files = pagesOf(registries).flatMap(({ folder, title, guide, entries }) => [
    [`docs/${folder}.md`, page(folder, title, guide, entries)] as const,
    ...entries.map((entry) => [`libs/${folder}/src/${entry.id}/schema.golden.json`, golden(entry)] as const),
  ]);
  return new Map(files);
}

/** One entry, with what it takes or makes and what goes with it in words. */
interface Entry {
  id: string;
  name: string;
  description: string;
  versions: string[];
  deprecated?: string;
  schema: ConfigSchema;
  facts: string[];
}

function pagesOf({ providers, builders, runtimes }: Registries) {
  const described = (
    metadata: Omit<Entry, 'schema' | 'facts'>,
    schema: ConfigSchema | null,
    facts: string[],
  ): Entry => {
    if (!schema) throw new Error(`"${metadata.id}" has no schema.`);
    return { ...metadata, schema, facts };
  };
  const named = (noun: string, page: string, list: readonly { id: string; name: string }[]) =>
    `${noun}: ${list.map(({ id, name }) => `[${name}](${page}#${id})`).join(', ') || 'none'}`;
  return [
    {
      folder: 'providers',
      title: 'Providers',
      guide: 'Where source comes from. A service names one in `providerId` and configures it in `providerConfig`.',
      entries: providers
        .getAllProviders()
        .map((each) =>
          described(each, providers.getProviderSchema(each.id), [
            `Produces: \`${each.produces}\``,
            named('Builders that fit', 'builders.md', providers.getCompatibleBuilders(each.id)),
          ]),
        ),
    },
    {
      folder: 'builders',
      title: 'Builders',
      guide: 'How source becomes an artifact. A service names one in `builderId` and configures it in `builderConfig`.',
      entries: builders
        .getAllBuilders()
        .map((each) =>
          described(each, builders.getBuilderSchema(each.id), [
            `Accepts: ${each.accepts.map((kind) => `\`${kind}\``).join(', ')}`,
            `Produces: \`${each.produces}\``,
            named('Providers that fit', 'providers.md', builders.getCompatibleProviders(each.id)),
            named('Runtimes that fit', 'runtimes.md', builders.getCompatibleRuntimes(each.id)),
          ]),
        ),
    },
    {
      folder: 'runtimes',
      title: 'Runtimes',
      guide:
        'What runs an artifact. A service may name one in `runtimeId`, otherwise it is the first that fits, and configures it in `runtimeConfig`.',
      entries: runtimes
        .getAllRuntimes()
        .map((each) =>
          described(each, runtimes.getRuntimeSchema(each.id), [
            `Accepts: ${each.accepts.map((kind) => `\`${kind}\``).join(', ')}`,
            named('Builders that fit', 'builders.md', runtimes.getCompatibleBuilders(each.id)),
          ]),
        ),
    },
  ];
}

/** For review: whatever a form or a client would notice of a change shows here. */
function golden({ versions, schema: { fields, groups, rules } }: Entry): string {
  return `${JSON.stringify({ versions, groups, rules, fields }, null, 2)}\n`;
}

function page(folder: string, title: string, guide: string, entries: readonly Entry[]): string {
  const note = `Written from the schemas by \`npm run generate -w services/catalog\`: change those in [\`libs/${folder}\`](../libs/${folder}/src).`;
  return `# ${title}\n\n${guide}\n\n${note}\n\n${entries.map((entry) => section(folder, entry)).join('\n')}`;
}

function section(folder: string, { id, name, description, versions, deprecated, schema, facts }: Entry): string {
  const source = `[More](../libs/${folder}/src/${id}/README.md)`;
  const parts = [
    `## ${id}`,
    `**${name}.** ${description} ${source}.`,
    deprecated && `Deprecated: ${deprecated}`,
    [`- Version: ${versions.join(', ')}`, ...facts.map((fact) => `- ${fact}`)].join('\n'),
    schema.fields.length > 0 ? fieldTable(schema.fields) : 'It has nothing to configure.',
    schema.rules.map(ruleLine).join('\n'),
  ];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

const ruleLine = ({ assert, field, message }: ConfigSchema['rules'][number]) =>
  `- ${message} (\`${field}\`: ${conditionWords(assert as Condition)})`;

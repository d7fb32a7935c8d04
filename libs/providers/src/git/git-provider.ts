import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lookup } from '@pierhead/egress';
import {
  type CallContext,
  messageOf,
  type Problem,
  type Provider,
  type Revision,
  type Source,
  UserError,
  type Want,
  WorldError,
} from '@pierhead/model';
import { checkout } from './checkout.js';
import { isInside } from './contained-links.js';
import { fetchCommit } from './fetch-commit.js';
import { checkFolder, checkRef, type GitConfig } from './git-config.js';
import { defaultLimits, type GitLimits } from './git-limits.js';
import { openRemote } from './git-remote.js';
import { findHead, findRef, shortName } from './list-refs.js';
import { whyUnavailable } from './unavailable.js';

export interface GitProviderOptions {
  lookup?: Lookup;
  limits?: Partial<GitLimits>;
}

/** Fetches from any Git server that speaks http. */
export function createGitProvider(options: GitProviderOptions = {}): Provider<GitConfig> {
  const limits = { ...defaultLimits, ...options.limits };
  return { validateConfig, resolveRevision, fetchSource, unavailable: ({ signal }) => whyUnavailable(signal) };

  async function validateConfig(config: GitConfig, context: CallContext): Promise<Problem[]> {
    try {
      checkFolder(config.folder);
      const remote = await openRemote(config, context.host, options.lookup);
      const call = { signal: context.signal, timeoutMs: limits.validateMs };
      const ref = config.ref && checkRef(config.ref);
      await (ref && !isCommit(ref) ? findRef(remote, ref, call) : findHead(remote, call));
      return [];
    } catch (error) {
      return [problemOf(error)];
    }
  }

  async function resolveRevision(config: GitConfig, want: Want, context: CallContext): Promise<Revision> {
    const wanted = want.revision || want.ref || config.ref;
    const remote = await openRemote(config, context.host, options.lookup);
    if (wanted && isCommit(wanted)) {
      const ref = want.ref && want.ref !== wanted ? { ref: shortName(checkRef(want.ref)) } : {};
      return { id: wanted, url: remote.url, ...ref };
    }
    const call = { signal: context.signal, timeoutMs: limits.listMs };
    const found = wanted ? await findRef(remote, checkRef(wanted), call) : await findHead(remote, call);
    if (found.hidesTag) context.log(`${found.ref} is a branch and a tag: the branch is taken.`, 'system');
    context.log(`${found.ref ?? 'HEAD'} is at commit ${found.commit}.`, 'system');
    return { id: found.commit, url: remote.url, ...(found.ref ? { ref: found.ref } : {}) };
  }

  async function fetchSource(
    revision: Revision,
    config: GitConfig,
    workspace: string,
    context: CallContext,
  ): Promise<Source> {
    if (!isCommit(revision.id)) throw notACommit(revision.id);
    const folder = checkFolder(config.folder);
    const remote = await openRemote(config, context.host, options.lookup);
    const onLine = (line: string) => context.log(line, 'stderr');
    const call = { signal: context.signal, timeoutMs: limits.fetchMs, onLine };
    await fetchCommit(remote, revision.id, workspace, limits, call);
    await checkout(revision.id, workspace, limits, call);
    return { kind: 'tree', path: await folderInside(workspace, folder) };
  }
}

const isCommit = (text: string) => /^[0-9a-f]{40}$/.test(text);

async function folderInside(workspace: string, folder: string): Promise<string> {
  const root = await realpath(workspace);
  const path = await realpath(join(root, folder)).catch(() => null);
  if (path && isInside(root, path) && (await stat(path)).isDirectory()) return path;
  throw new UserError('folder_not_found', `The repository has no folder ${folder}.`, {
    hint: 'Check the spelling, upper and lower case too; the path starts at the top of the repository.',
  });
}

const fieldOf: Record<string, string> = {
  git_ref_not_found: '/ref',
  git_ref_invalid: '/ref',
  git_auth_failed: '/token',
  git_credentials_invalid: '/token',
  folder_invalid: '/folder',
};

/** Faults of the server's are shown at its URL; anything that nobody foresaw is thrown on. */
function problemOf(error: unknown): Problem {
  if (!(error instanceof UserError || error instanceof WorldError)) throw error;
  const message = [messageOf(error), error.hint].filter(Boolean).join(' ');
  return { path: fieldOf[error.code] ?? '/url', code: error.code, message };
}

const notACommit = (id: string) =>
  new UserError('git_ref_invalid', `${JSON.stringify(id.slice(0, 80))} is not the full id of a commit.`);

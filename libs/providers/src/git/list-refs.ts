import { UserError } from '@pierhead/model';
import { type GitCall, git } from './git-command.js';
import { remoteFailure } from './git-failure.js';
import type { GitRemote } from './git-remote.js';

/** A commit and the name that led to it. */
export interface Found {
  commit: string;
  ref?: string;
  /** A tag has the same name as the branch that was chosen. */
  hidesTag?: boolean;
}

/** Where the repository's HEAD points. */
export async function findHead(remote: GitRemote, call: GitCall): Promise<Found> {
  const lines = await lsRemote(remote, ['--symref'], ['HEAD'], call);
  const commit = lines.find(([value, name]) => name === 'HEAD' && !value.startsWith('ref: '))?.[0];
  const branch = lines.find(([value, name]) => name === 'HEAD' && value.startsWith('ref: refs/heads/'))?.[0];
  if (!commit) throw emptyRepository();
  return { commit, ...(branch ? { ref: branch.slice('ref: refs/heads/'.length) } : {}) };
}

/** The commit of a branch, or else of a tag; `refs/heads/…` and `refs/tags/…` say which. */
export async function findRef(remote: GitRemote, ref: string, call: GitCall): Promise<Found> {
  const lines = await lsRemote(remote, ['--heads', '--tags'], [], call);
  const commits = new Map(lines.map(([commit, name]) => [name, commit]));
  const branch = commits.get(`refs/heads/${ref}`) ?? commits.get(onlyUnder('refs/heads/', ref));
  const tag = commitOfTag(commits, `refs/tags/${ref}`) ?? commitOfTag(commits, onlyUnder('refs/tags/', ref));
  const commit = branch ?? tag;
  if (!commit) throw refNotFound(ref, [...commits.keys()]);
  return { commit, ref: shortName(ref), hidesTag: Boolean(branch && tag) };
}

/** `main` for `refs/heads/main`. */
export const shortName = (ref: string) => ref.replace(/^refs\/(heads|tags)\//, '');

const onlyUnder = (prefix: string, ref: string) => (ref.startsWith(prefix) ? ref : '');

/** An annotated tag is an object of its own; its peeled line names the commit. */
const commitOfTag = (commits: ReadonlyMap<string, string>, name: string) =>
  commits.get(`${name}^{}`) ?? commits.get(name);

async function lsRemote(remote: GitRemote, options: string[], patterns: string[], call: GitCall) {
  const args = ['ls-remote', ...options, '--', remote.url, ...patterns];
  const result = await git(args, { ...call, settings: remote.settings });
  if (result.exitCode !== 0) throw remoteFailure(result);
  return result.stdout
    .split('\n')
    .map((line) => line.split('\t'))
    .filter((parts): parts is [string, string] => parts.length === 2);
}

const emptyRepository = () =>
  new UserError('git_ref_not_found', 'The repository has no default branch with a commit on it.', {
    hint: 'Push a commit, or name a branch or tag.',
  });

function refNotFound(ref: string, names: readonly string[]): UserError {
  const branches = names.filter((name) => name.startsWith('refs/heads/')).map((name) => name.slice(11));
  const some = branches
    .slice(0, 10)
    .map((name) => name.slice(0, 100))
    .join(', ');
  const more = branches.length > 10 ? ` and ${branches.length - 10} more` : '';
  return new UserError('git_ref_not_found', `The repository has no branch or tag named ${ref}.`, {
    hint:
      branches.length > 0 ? `Its branches: ${some}${more}. A commit is written in full.` : 'It has no branches at all.',
  });
}

import { UserError } from '@pierhead/model';
import { type GitCall, git } from './git-command.js';
import { localFailure, remoteFailure } from './git-failure.js';
import type { GitLimits } from './git-limits.js';
import type { GitRemote } from './git-remote.js';
import { watchSize } from './watch-size.js';

/** Gets one commit, and as little else as the server allows, into a new repository in `folder`. */
export async function fetchCommit(
  remote: GitRemote,
  commit: string,
  folder: string,
  limits: GitLimits,
  call: GitCall,
): Promise<void> {
  const made = await git(['init', '--quiet', '--template=', '--initial-branch=main', '--', folder], call);
  if (made.exitCode !== 0) throw localFailure(made);
  const watched = watchSize(folder, limits.packBytes, call.signal);
  try {
    await fetchObjects(remote, commit, { ...call, folder, settings: remote.settings, signal: watched.signal });
    await watched.check();
  } finally {
    watched.release();
  }
  const type = await git(['cat-file', '-t', commit], { ...call, folder });
  if (type.stdout.trim() !== 'commit') throw notACommit(commit);
}

/** Some servers hand out tips only: then everything is fetched, and the commit must be in it. */
async function fetchObjects(remote: GitRemote, commit: string, call: GitCall): Promise<void> {
  const one = await git([...fetch, '--depth=1', '--', remote.url, commit], call);
  if (one.exitCode === 0) return;
  if (!one.stderr.includes('unadvertised object')) throw remoteFailure(one);
  call.onLine?.('The server does not hand out single commits: fetching all branches and tags.');
  const refspecs = ['+refs/heads/*:refs/fetched/heads/*', '+refs/tags/*:refs/fetched/tags/*'];
  const all = await git([...fetch, '--', remote.url, ...refspecs], call);
  if (all.exitCode !== 0) throw remoteFailure(all);
}

const fetch = ['fetch', '--progress', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head'];

const notACommit = (id: string) =>
  new UserError('git_ref_not_found', `The repository has no commit ${id}.`, {
    hint: 'It may have been removed by a force push; deploy the branch again.',
  });

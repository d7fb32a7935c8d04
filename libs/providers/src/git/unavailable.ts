import type { Unavailable } from '@pierhead/model';
import { git } from './git-command.js';

/** The first version that can pin the address of a host. */
const oldest = { major: 2, minor: 37 };

/** Why this machine's Git cannot be used, or null. */
export async function whyUnavailable(signal: AbortSignal): Promise<Unavailable | null> {
  const answer = await git(['--version'], { signal, timeoutMs: 10_000 }).catch(() => null);
  signal.throwIfAborted();
  const version = /(\d+)\.(\d+)/.exec(answer?.stdout ?? '');
  if (!version) return { code: 'git_unavailable', message: 'Git is not installed.', hint };
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return null;
  return { code: 'git_unavailable', message: `Git ${version[0]} is too old.`, hint };
}

const hint = `Install git ${oldest.major}.${oldest.minor} or newer on the worker's machine.`;

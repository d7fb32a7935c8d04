import { readFile, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** One version of the kernel's control groups: where it is mounted, and what its files are called. */
interface Version {
  /** The line of /proc/self/cgroup that names the group. */
  line: RegExp;
  mount: string;
  limit: string;
  usage: string;
  /** Cache that the kernel gives back when memory is wanted. */
  cache: RegExp;
}

const versions: readonly Version[] = [
  {
    line: /^0::(.+)$/m,
    mount: '/sys/fs/cgroup',
    limit: 'memory.max',
    usage: 'memory.current',
    cache: /^inactive_file (\d+)$/m,
  },
  {
    line: /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.+)$/m,
    mount: '/sys/fs/cgroup/memory',
    limit: 'memory.limit_in_bytes',
    usage: 'memory.usage_in_bytes',
    cache: /^total_inactive_file (\d+)$/m,
  },
];

/** Bytes that this process and others may still take: of the machine, or of a control group around us if that is less. */
export async function freeMemory(root = '/'): Promise<number> {
  const [machine, groups] = await Promise.all([read(join(root, 'proc/meminfo')), read(join(root, 'proc/self/cgroup'))]);
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(machine)?.[1];
  const folders = versions.flatMap((version) => foldersOf(version, groups).map((folder) => ({ version, folder })));
  const left = await Promise.all(folders.map(({ version, folder }) => leftIn(version, join(root, folder))));
  return Math.min(kibibytes === undefined ? Number.POSITIVE_INFINITY : Number(kibibytes) * 1_024, ...left);
}

/** Bytes that an unprivileged user may still write below a folder; without end where the folder is not on this machine. */
export async function freeDisk(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** A group's folder and those above it: each may have a limit. In a container the topmost is its own. */
function foldersOf({ line, mount }: Version, groups: string): string[] {
  const path = line.exec(groups)?.[1];
  if (path === undefined) return [];
  const folders = [mount];
  for (let each = path; each !== '/' && each !== '.'; each = dirname(each)) folders.push(join(mount, each));
  return folders;
}

async function leftIn({ limit, usage, cache }: Version, folder: string): Promise<number> {
  const [most, used, stat] = await Promise.all([limit, usage, 'memory.stat'].map((name) => read(join(folder, name))));
  if (!/^\d+$/m.test(most ?? '')) return Number.POSITIVE_INFINITY;
  return Math.max(0, Number(most) - Number(used) + Number(cache.exec(stat ?? '')?.[1] ?? 0));
}

const read = (path: string) => readFile(path, 'utf8').catch(() => '');

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { freeDisk, freeMemory } from './free-space.js';

/** A root with these files of the kernel's. */
function rootOf(t: Test, files: Record<string, string>): string {
  const root = t.testdir({});
  for (const [path, text] of Object.entries({ 'proc/meminfo': 'MemAvailable:    1000 kB\n', ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const group = (folder: string, limit: string) => ({
  [`${folder}/memory.max`]: `${limit}\n`,
  [`${folder}/memory.current`]: '500000\n',
  [`${folder}/memory.stat`]: 'anon 1\ninactive_file 200000\n',
});

const cases: [string, Record<string, string>, number][] = [
  ['of the machine, where no group has a limit', { 'proc/self/cgroup': '0::/\n' }, 1_024_000],
  [
    'of a group, its cache counted as free',
    { 'proc/self/cgroup': '0::/app\n', ...group('sys/fs/cgroup/app', '600000') },
    300_000,
  ],
  [
    'of a group further up',
    {
      'proc/self/cgroup': '0::/all/app\n',
      ...group('sys/fs/cgroup/all', '700000'),
      ...group('sys/fs/cgroup/all/app', 'max'),
    },
    400_000,
  ],
  [
    'of a container, which sees its group as the root',
    { 'proc/self/cgroup': '0::/\n', ...group('sys/fs/cgroup', '600000') },
    300_000,
  ],
  ['none, where a group has more than it may', { 'proc/self/cgroup': '0::/\n', ...group('sys/fs/cgroup', '1') }, 0],
  [
    'of a group of the older kind',
    {
      'proc/self/cgroup': '5:cpu:/\n4:memory:/docker/x\n0::/\n',
      'sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes': '600000\n',
      'sys/fs/cgroup/memory/docker/x/memory.usage_in_bytes': '500000\n',
      'sys/fs/cgroup/memory/docker/x/memory.stat': 'inactive_file 1\ntotal_inactive_file 100000\n',
    },
    200_000,
  ],
  [
    'of the machine, where a group’s limit is above it',
    { 'proc/self/cgroup': '0::/\n', ...group('sys/fs/cgroup', '9000000') },
    1_024_000,
  ],
];

for (const [what, files, expected] of cases)
  t.test(`free memory is that ${what}`, async (t) => t.equal(await freeMemory(rootOf(t, files)), expected));

t.test('this machine has some of both', async (t) => {
  const memory = await freeMemory();
  t.ok(memory > 0 && Number.isFinite(memory));
  const disk = await freeDisk(t.testdir({}));
  t.ok(disk > 0 && Number.isFinite(disk));
});

t.test('a folder that is not on this machine refuses nothing', async (t) => {
  t.equal(await freeDisk('/no/such/folder'), Number.POSITIVE_INFINITY);
});

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { type BuildCaps, holdCaps } from './build-caps.js';

const socket = 'unix:///var/run/docker.sock';
const caps: BuildCaps = { memoryBytes: 1_048_576, cpus: 1.5, pids: 100, cgroup: 'docker/buildkit' };
const older = ['memory', 'cpu', 'pids'].map((name) => `${name}/docker/buildkit`);

/** Files as the kernel would make them, in folders. */
function tree(t: Test, folders: Record<string, Record<string, string>>): string {
  const root = t.testdir({});
  for (const [folder, files] of Object.entries(folders)) {
    mkdirSync(join(root, folder), { recursive: true });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(root, folder, name), content);
  }
  return root;
}

const group = { 'memory.max': 'max\n', 'memory.swap.max': 'max\n', 'cpu.max': 'max 100000\n', 'pids.max': 'max\n' };
const handsDown = { 'cgroup.subtree_control': '' };
const capped = { 'memory.max': '1048576', 'memory.swap.max': '0', 'cpu.max': '150000 100000', 'pids.max': '100' };

const read = (folder: string, files: object) =>
  Object.fromEntries(Object.keys(files).map((name) => [name, readFileSync(join(folder, name), 'utf8').trim()]));

t.test('version 2: the group of all builds is capped, and lifted with 0', async (t) => {
  const root = tree(t, {
    '.': { 'cgroup.controllers': 'cpu memory pids\n', ...handsDown },
    docker: handsDown,
    'docker/buildkit': group,
  });
  const held = await holdCaps(socket, caps, root);
  t.equal(held.reason, null);
  held.release();
  t.same(read(join(root, 'docker/buildkit'), group), capped);
  for (const folder of [root, join(root, 'docker')])
    t.match(readFileSync(join(folder, 'cgroup.subtree_control'), 'utf8'), '+memory +cpu +pids');
  await holdCaps(socket, { ...caps, memoryBytes: 0, cpus: 0, pids: 0 }, root);
  const lifted = { 'memory.max': 'max', 'memory.swap.max': 'max', 'cpu.max': 'max 100000', 'pids.max': 'max' };
  t.same(read(join(root, 'docker/buildkit'), group), lifted);
});

t.test('version 2 with systemd: each step is capped as its group appears', async (t) => {
  const id = 'osh60k53lspy0g0cjo94ur00h';
  const others = ['docker-0123456789abcdef0123456789.scope', 'ssh.service'];
  const step = `system.slice:docker:${id}`;
  const root = tree(t, {
    '.': { 'cgroup.controllers': 'cpu memory pids\n', ...handsDown },
    docker: handsDown,
    'docker/buildkit': group,
    'system.slice': {},
    ...Object.fromEntries([step, ...others].map((name) => [`made/${name}`, group])),
  });
  const { release } = await holdCaps(socket, caps, root);
  for (const name of [...others, step]) renameSync(join(root, 'made', name), join(root, 'system.slice', name));
  const found = () => read(join(root, 'system.slice', step), group);
  await until('the step is capped', async () => found()['pids.max'] === '100');
  t.same(found(), capped);
  release();
  for (const name of others) t.equal(read(join(root, 'system.slice', name), group)['memory.max'], 'max');
});

t.test('version 1: each controller has a folder of its own', async (t) => {
  const names = { memory: 'memory.limit_in_bytes', cpu: 'cpu.cfs_quota_us', pids: 'pids.max' };
  const root = tree(
    t,
    Object.fromEntries(
      older.map((folder) => [
        folder,
        { 'memory.limit_in_bytes': '9', 'cpu.cfs_period_us': '1', 'cpu.cfs_quota_us': '-1', 'pids.max': 'max' },
      ]),
    ),
  );
  t.equal((await holdCaps(socket, caps, root)).reason, null);
  const values = Object.entries(names).map(
    ([name, file]) => read(join(root, name, 'docker/buildkit'), { [file]: 0 })[file],
  );
  t.same(values, ['1048576', '150000', '100']);
  t.notOk(existsSync(join(root, older[0]!, 'memory.memsw.limit_in_bytes')), 'a kernel that does not count swap');
});

t.test('what keeps the caps from being held is told', async (t) => {
  t.match((await holdCaps('tcp://10.0.0.1:2375', caps)).reason, /not on this machine/);
  t.match((await holdCaps(socket, caps, join(t.testdir({ file: '' }), 'file'))).reason, /ENOTDIR|EEXIST/);
});

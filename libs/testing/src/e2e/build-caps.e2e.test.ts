import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildCaps, buildImage, connectEngine, holdCaps } from '@pierhead/docker';
import t, { type Test } from 'tap';
import { ownEngineMissing, startOwnEngine } from '../faults/own-engine.js';
import { until } from '../until.js';

t.setTimeout(300_000);
const mebibyte = 1_048_576;
const root = '/sys/fs/cgroup';
const unified = existsSync(join(root, 'cgroup.controllers'));
const parent = `pierhead-test-${process.pid}`;
const cgroup = `${parent}/buildkit`;

/** The folder of the group of all builds, as a controller has it. */
const folderOf = (controller: string) => join(root, unified ? '' : controller, cgroup);
const numberIn = async (controller: string, file: string, line = /(\d+)/) =>
  Number(line.exec(await readFile(join(folderOf(controller), file), 'utf8'))?.[1]);
const cpuSeconds = async () =>
  unified
    ? (await numberIn('cpu', 'cpu.stat', /^usage_usec (\d+)/m)) / 1e6
    : (await numberIn('cpuacct', 'cpuacct.usage')) / 1e9;

t.test('builds are held to their caps by the engine that runs them', { skip: ownEngineMissing() }, async (t) => {
  t.teardown(clearGroups);
  const options = { 'cgroup-parent': `/${parent}`, 'exec-opts': ['native.cgroupdriver=cgroupfs'] };
  const { dockerHost } = await startOwnEngine(t, options);
  const cap = async (caps: Partial<BuildCaps>) => {
    const held = await holdCaps(dockerHost, { memoryBytes: 0, cpus: 0, pids: 0, cgroup, ...caps });
    t.equal(held.reason, null);
    held.release();
  };
  const build = async (t: Test, step: string) => {
    const lines: string[] = [];
    const image = await buildImage(connectEngine(dockerHost), {
      source: t.testdir({ Dockerfile: `FROM busybox\nRUN : ${randomUUID()}; ${step}\n` }),
      context: '.',
      dockerfile: 'Dockerfile',
      signal: AbortSignal.timeout(60_000),
      onOutput: (text) => lines.push(text),
    });
    return { ...image, log: lines.join('\n') };
  };

  t.test('a step that eats memory dies with its code, and the machine is fine', async (t) => {
    const memoryBytes = 64 * mebibyte;
    await cap({ memoryBytes });
    const eater = 'tail -c 600m < /dev/zero';
    const before = await oomKills();
    await t.rejects(build(t, eater), {
      code: 'build_out_of_memory',
      line: /^Dockerfile:2/,
      hint: /PIERHEAD_BUILD_MEMORY/,
    });
    t.ok((await oomKills()) > before, 'the kernel ended it');
    const peak = await numberIn('memory', unified ? 'memory.peak' : 'memory.max_usage_in_bytes').catch(() => 0);
    t.ok(peak <= memoryBytes, `${peak} bytes at most`);
    await cap({ memoryBytes: 256 * mebibyte });
    t.match(
      (await build(t, 'head -c 100m /dev/zero | tail -c 100m | wc -c')).log,
      /#\d 104857600/,
      'with more it is fine',
    );
  });

  t.test('a step that burns processors with several processes is held to its share', async (t) => {
    await cap({ cpus: 0.5 });
    const begun = performance.now();
    const spent = await cpuSeconds();
    await build(t, "for i in 1 2 3 4; do timeout 4 sh -c 'while :; do :; done' & done; wait; true");
    const [seconds, used] = [(performance.now() - begun) / 1_000, (await cpuSeconds()) - spent];
    t.ok(used > 1, `it burnt ${used.toFixed(1)} s of processors`);
    t.ok(used < seconds * 0.5 * 1.2, `in ${seconds.toFixed(1)} s`);
    await cap({});
  });

  t.test('a step that forks without end is stopped at its count', async (t) => {
    await cap({ pids: 40 });
    await t.rejects(build(t, 'for i in $(seq 200); do sleep 20 & done; wait'), { code: 'build_step_failed' });
    await cap({});
    await build(t, 'for i in $(seq 100); do sleep 0.1 & done; wait');
  });
});

const oomKills = async () => Number(/^oom_kill (\d+)/m.exec(await readFile('/proc/vmstat', 'utf8'))?.[1]);

/** The engine is gone by now; what is left in its groups goes as well. */
async function clearGroups(): Promise<void> {
  const roots = unified ? [root] : (await readdir(root)).map((name) => join(root, name));
  const remove = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) if (entry.isDirectory()) await remove(join(folder, entry.name));
    const gone = () =>
      rmdir(folder).then(
        () => true,
        () => !existsSync(folder),
      );
    await until(`${folder} is gone`, gone);
  };
  for (const each of roots) if (existsSync(join(each, parent))) await remove(join(each, parent));
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Table, tableOf } from './measure.js';
import { startProduct } from './product.js';

const rounds = 3;
const settleMs = 15_000;

/** Time from start to ready, on a fresh and on a used data folder, and memory once nothing happens. */
export async function benchIdle(): Promise<Table[]> {
  const [first, later]: [number[], number[]] = [[], []];
  let memory: { name: string; mib: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const dataDir = await mkdtemp(join(tmpdir(), 'pierhead-bench-idle-'));
    for (const figures of [first, later]) {
      const product = await startProduct(dataDir);
      figures.push(product.readyMs);
      if (round === rounds - 1 && figures === later) {
        await delay(settleMs);
        memory = await product.memory();
      }
      await product.stop();
    }
    await rm(dataDir, { recursive: true, force: true });
  }
  const total = memory.reduce((sum, each) => sum + each.mib, 0);
  const row = (name: string, mib: number) => ({
    name,
    median: mib,
    min: mib,
    max: mib,
    ratio: { median: mib / total, min: mib / total, max: mib / total },
  });
  return [
    tableOf('Start to ready', 'ms', [
      { name: 'first start', figures: first },
      { name: 'later start', figures: later },
    ]),
    {
      title: 'Memory at idle',
      unit: 'MiB, proportional set size',
      rounds: 1,
      rows: [row('everything', total), ...memory.sort((a, b) => b.mib - a.mib).map((each) => row(each.name, each.mib))],
    },
  ];
}

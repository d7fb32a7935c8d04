import { setTimeout as delay } from 'node:timers/promises';
import type { Table } from './measure.js';
import { median } from './measure.js';
import { startProduct } from './product.js';

const settleMs = 15_000;

/** Time from start to ready, on a fresh and on a used data folder, and memory once nothing happens. */
export async function benchIdle(): Promise<Table[]> {
  const fresh: number[] = [];
  let memory: { name: string; mib: number }[] = [];
  for (let round = 0; round < 3; round += 1) {
    const product = await startProduct();
    fresh.push(product.readyMs);
    if (round === 2) {
      await delay(settleMs);
      memory = await product.memory();
    }
    await product.stop();
  }
  const flat = { median: 1, min: 1, max: 1 };
  const total = memory.reduce((sum, each) => sum + each.mib, 0);
  const row = (name: string, mib: number) => ({
    name,
    median: mib,
    min: mib,
    max: mib,
    ratio: { median: mib / total, min: mib / total, max: mib / total },
  });
  return [
    {
      title: 'Start to ready, first start',
      unit: 'ms',
      rounds: 3,
      rows: [
        { name: 'pierhead', median: median(fresh), min: Math.min(...fresh), max: Math.max(...fresh), ratio: flat },
      ],
    },
    {
      title: 'Memory at idle',
      unit: 'MiB, proportional set size',
      rounds: 1,
      rows: [row('everything', total), ...memory.sort((a, b) => b.mib - a.mib).map((each) => row(each.name, each.mib))],
    },
  ];
}

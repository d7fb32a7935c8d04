import type { StageName } from '@pierhead/model';
import t from 'tap';
import { handOver } from './hand-over.js';
import { createInterruption } from './interruption.js';

/** Deployments under way, each in a stage; null before the first. */
function underWay(stages: Record<string, StageName | null>) {
  const active = new Map(Object.keys(stages).map((id) => [id, createInterruption()]));
  const reasons = () => Object.fromEntries([...active].map(([id, { reason }]) => [id, reason]));
  return { active, reasons, known: new Map(Object.entries(stages)) };
}

t.test('what is nearly done may finish, everything else is handed over at once', async (t) => {
  const { active, reasons, known } = underWay({
    begun: null,
    building: 'build',
    starting: 'release',
    switching: 'switch',
  });
  let looks = 0;
  const stages = async () => {
    looks += 1;
    // One ends between two looks, as it does when it has finished.
    if (looks === 2) for (const id of ['begun', 'building', 'switching']) active.delete(id);
    if (looks === 3) active.clear();
    if (looks === 2) t.same(reasons(), { starting: null });
    return known;
  };
  const all = [...active];
  await handOver(active, stages, 60_000);
  t.same(Object.fromEntries(all.map(([id, { reason }]) => [id, reason])), {
    begun: 'shutdown',
    building: 'shutdown',
    starting: null,
    switching: null,
  });
});

t.test('what is nearly done but does not finish in time is handed over too', async (t) => {
  const { active, reasons, known } = underWay({ starting: 'release' });
  await handOver(active, async () => known, 50);
  t.same(reasons(), { starting: 'shutdown' });
});

t.test('without the database everything is handed over', async (t) => {
  const { active, reasons } = underWay({ starting: 'release' });
  await handOver(active, () => Promise.reject(new Error('away')), 50);
  t.same(reasons(), { starting: 'shutdown' });
});

t.test('where nothing runs there is nothing to wait for', async (t) => {
  await handOver(new Map(), () => t.fail('nobody asks') as never, 60_000);
});

import type { StageName } from '@pierhead/model';
import { until } from '@pierhead/testing';
import t from 'tap';
import { handOver } from './hand-over.js';
import { createInterruption } from './interruption.js';

/** Deployments under way, each in a stage; null before the first. */
function underWay(stages: Record<string, StageName | null>) {
  const all = Object.entries(stages).map(
    ([id, stage]) => [id, Object.assign(createInterruption(), { stage })] as const,
  );
  const reasons = () => Object.fromEntries(all.map(([id, { reason }]) => [id, reason]));
  return { active: new Map(all), reasons };
}

t.test('what is nearly done may finish, everything else is handed over at once', async (t) => {
  const { active, reasons } = underWay({ begun: null, building: 'build', starting: 'release', switching: 'switch' });
  const done = handOver(active, 60_000);
  await until('the first are told', async () => reasons().building === 'shutdown');
  active.clear();
  await done;
  t.same(reasons(), { begun: 'shutdown', building: 'shutdown', starting: null, switching: null });
});

t.test('what is nearly done but does not finish in time is handed over too', async (t) => {
  const { active, reasons } = underWay({ starting: 'release' });
  await handOver(active, 50);
  t.same(reasons(), { starting: 'shutdown' });
});

t.test('where nothing runs there is nothing to wait for', async () => {
  await handOver(new Map(), 60_000);
});

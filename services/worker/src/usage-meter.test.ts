import type { PartUsage } from '@pierhead/model';
import t from 'tap';
import { createMeter } from './usage-meter.js';

const at = (seconds: number) => new Date(seconds * 1_000).toISOString();

const part = (seconds: number, more: Partial<PartUsage> = {}): PartUsage => ({
  id: 'a',
  at: at(seconds),
  startedAt: at(0),
  restarts: 0,
  cpuSeconds: seconds / 2,
  memoryBytes: 100.4,
  memoryLimitBytes: 1_000,
  pids: 2,
  receivedBytes: seconds,
  sentBytes: 2 * seconds,
  ...more,
});

const of = (...parts: PartUsage[]) => [{ deploymentId: 'd', parts }];

t.test('what was taken since the last look is told, and what is held', async (t) => {
  const meter = createMeter();
  t.same(meter(of(part(1_000))), [
    {
      deploymentId: 'd',
      seconds: 0,
      cpuSeconds: 0,
      receivedBytes: 0,
      sentBytes: 0,
      memoryBytes: 100,
      memoryLimitBytes: 1_000,
      pids: 2,
      replicas: 1,
      restarts: 0,
    },
  ]);
  t.match(meter(of(part(1_010))), [{ seconds: 10, cpuSeconds: 5, receivedBytes: 10, sentBytes: 20 }]);
  t.same(meter([]), []);
  t.match(meter(of(part(1_030))), [{ seconds: 0 }], 'what was lost sight of begins anew');
});

t.test('what has just started counts from its start, and so does what started again', async (t) => {
  const meter = createMeter();
  t.match(meter(of(part(4))), [{ seconds: 4, cpuSeconds: 2 }]);
  const again = part(16, { startedAt: at(14), restarts: 1, cpuSeconds: 0.5, receivedBytes: 3 });
  t.match(meter(of(again)), [{ seconds: 2, cpuSeconds: 0.5, receivedBytes: 3, restarts: 1 }]);
  t.match(meter(of({ ...again, at: at(26), cpuSeconds: 1.5 })), [{ seconds: 10, cpuSeconds: 1 }]);
});

t.test('replicas add up', async (t) => {
  const meter = createMeter();
  meter(of(part(1_000), part(1_000, { id: 'b' })));
  const late = part(1_010, { id: 'c', startedAt: at(1_005), cpuSeconds: 1, memoryLimitBytes: null });
  t.match(meter(of(part(1_010), part(1_010, { id: 'b' }), late)), [
    { seconds: 10, cpuSeconds: 11, replicas: 3, pids: 6, memoryBytes: 301, memoryLimitBytes: null },
  ]);
});

t.test('times and counts that make no sense count for nothing', async (t) => {
  const meter = createMeter();
  for (const odd of [{ at: 'now' }, { startedAt: 'then' }, { at: at(0) }])
    t.match(meter(of(part(5, odd))), [{ seconds: 0, cpuSeconds: 0 }]);
  meter(of(part(1_000)));
  t.match(meter(of(part(1_010, { cpuSeconds: 1 }))), [{ seconds: 0 }], 'less than before');
  t.match(meter(of(part(1_020, { receivedBytes: 0 }))), [{ receivedBytes: 0 }]);
});

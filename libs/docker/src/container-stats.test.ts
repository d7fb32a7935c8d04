import t from 'tap';
import { statsOf } from './container-stats.js';

const read = '2026-01-31T12:00:00.5Z';
const cpu_stats = { cpu_usage: { total_usage: 1_500_000_000 } };

t.test('memory goes without idle files, in either version of control groups', async (t) => {
  const v1 = { usage: 1_000, stats: { inactive_file: 1, total_inactive_file: 300 } };
  const v2 = { usage: 1_000, stats: { inactive_file: 300 } };
  for (const memory_stats of [v1, v2]) t.equal(statsOf({ read, cpu_stats, memory_stats })?.memoryBytes, 700);
  t.equal(statsOf({ read, memory_stats: { usage: 100, stats: { inactive_file: 300 } } })?.memoryBytes, 100);
});

t.test('all networks count, and none is none', async (t) => {
  const networks = { eth0: { rx_bytes: 1, tx_bytes: 2 }, eth1: { rx_bytes: 10, tx_bytes: 20 } };
  const some = { read, cpu_stats, memory_stats: { usage: 1 }, pids_stats: { current: 3 } };
  t.match(statsOf({ ...some, networks }), { receivedBytes: 11, sentBytes: 22, cpuSeconds: 1.5, pids: 3, at: read });
  t.match(statsOf(some), { receivedBytes: 0, sentBytes: 0 });
});

t.test('what does not run takes nothing', async (t) => {
  t.equal(statsOf({ read, pids_stats: {}, cpu_stats: { cpu_usage: { total_usage: 0 } }, memory_stats: {} }), null);
});

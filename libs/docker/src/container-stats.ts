import { callEngine } from './call-engine.js';
import type { Engine } from './connect-engine.js';
import { statusOf } from './engine-error.js';

/** What a container takes of its machine; counted since its start. */
export interface ContainerStats {
  /** When it was measured, RFC 3339. */
  at: string;
  cpuSeconds: number;
  /** As `docker stats` counts: without files that the system keeps in memory and has not used lately. */
  memoryBytes: number;
  pids: number;
  receivedBytes: number;
  sentBytes: number;
}

/** What the engine answers; a container that does not run lacks most of it. */
interface Answer {
  read: string;
  pids_stats?: { current?: number };
  cpu_stats?: { cpu_usage?: { total_usage?: number } };
  memory_stats?: { usage?: number; stats?: Record<string, number> };
  networks?: Record<string, { rx_bytes: number; tx_bytes: number }>;
}

const nanoseconds = 1e9;

/**
 * One look at a container; null when it does not run. Engines before 25 measure once a second, all containers that
 * somebody waits for at once: an answer may take that long, and many should be asked for together.
 */
export async function containerStats(engine: Engine, id: string, signal: AbortSignal): Promise<ContainerStats | null> {
  const query = { stream: false, 'one-shot': true };
  try {
    return statsOf(await callEngine<Answer>(engine, { method: 'GET', path: `/containers/${id}/stats`, query, signal }));
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

export function statsOf({ read, cpu_stats, memory_stats, pids_stats, networks = {} }: Answer): ContainerStats | null {
  const { usage, stats = {} } = memory_stats ?? {};
  if (usage === undefined) return null;
  // The first is of cgroup v1, the other of v2.
  const idle = stats.total_inactive_file ?? stats.inactive_file ?? 0;
  const sum = (read: (network: { rx_bytes: number; tx_bytes: number }) => number) =>
    Object.values(networks).reduce((total, network) => total + read(network), 0);
  return {
    at: read,
    cpuSeconds: (cpu_stats?.cpu_usage?.total_usage ?? 0) / nanoseconds,
    memoryBytes: idle < usage ? usage - idle : usage,
    pids: pids_stats?.current ?? 0,
    receivedBytes: sum(({ rx_bytes }) => rx_bytes),
    sentBytes: sum(({ tx_bytes }) => tx_bytes),
  };
}

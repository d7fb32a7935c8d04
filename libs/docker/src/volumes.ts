import { callEngine } from './call-engine.js';
import type { Engine } from './connect-engine.js';
import { statusOf } from './engine-error.js';

/** Removes the volumes that carry all of `labels`; those that a container holds on to stay. */
export async function removeVolumes(
  engine: Engine,
  labels: Record<string, string>,
  signal?: AbortSignal,
): Promise<void> {
  const filters = { label: Object.entries(labels).map(([key, value]) => `${key}=${value}`) };
  const call = { method: 'GET', path: '/volumes', query: { filters }, signal } as const;
  const { Volumes } = await callEngine<{ Volumes: { Name: string }[] | null }>(engine, call);
  for (const { Name } of Volumes ?? []) {
    const path = `/volumes/${encodeURIComponent(Name)}`;
    await callEngine(engine, { method: 'DELETE', path, signal }).catch((error) => {
      if (![404, 409].includes(statusOf(error) ?? 0)) throw error;
    });
  }
}

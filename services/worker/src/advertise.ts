import { repeat, workerRepository } from '@pierhead/database';
import { builtInCapabilities, joinCapabilities, pluginCapabilities } from './capabilities.js';
import type { WorkerContext } from './worker-context.js';

/** Tells the others that this worker lives, and what it can do. */
export interface Advertising {
  /** Reads the plugins anew and tells at once what has changed. Deployments under way keep what they have. */
  reload(): Promise<void>;
  /** From now on the worker counts as gone. */
  stop(): Promise<void>;
}

const heartbeatMs = 10_000;
const askPluginsMs = 60_000;

/** Resolves after the first heartbeat. */
export async function startAdvertising(
  worker: WorkerContext,
  { slots, running }: { slots: number; running(): number },
): Promise<Advertising> {
  const { id, labels, source, database, logger } = worker;
  const workers = workerRepository(database);
  const unable = { providers: [], builders: [], runtimes: [] };
  let ofPlugins = source.plugins().length > 0 ? await pluginCapabilities(source, worker) : unable;
  let reloading: Promise<void> = Promise.resolve();
  let stopped = false;

  const beat = async () => {
    worker.capabilities = joinCapabilities(await builtInCapabilities(source, worker), ofPlugins);
    if (stopped) return;
    await workers.heartbeat({ id, slots, running: running(), labels: [...labels], capabilities: worker.capabilities });
  };
  const askPlugins = async () => {
    if (source.plugins().length > 0) ofPlugins = await pluginCapabilities(source, worker);
  };
  const reload = async () => {
    await source.reload();
    await askPlugins();
    await beat();
  };

  await beat();
  const report = (error: unknown) => logger.warn({ err: error }, 'a heartbeat failed; it will be tried again');
  const heartbeat = repeat(beat, heartbeatMs, report);
  const asking = repeat(askPlugins, askPluginsMs, report);
  return {
    reload() {
      // One that is asked for during another starts afterwards: it has to see what has changed since.
      reloading = reloading.catch(() => {}).then(reload);
      return reloading;
    },
    async stop() {
      stopped = true;
      await Promise.all([heartbeat.stop(), asking.stop()]);
      await workers.leave(id);
    },
  };
}

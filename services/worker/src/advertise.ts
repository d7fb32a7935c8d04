import { repeat, workerRepository } from '@pierhead/database';
import type { Capabilities } from '@pierhead/model';
import { builderRemarks, builtInCapabilities, joinCapabilities, pluginCapabilities } from './capabilities.js';
import type { WorkerContext } from './worker-context.js';

/** Tells the others that this worker lives, and what it can do. */
export interface Advertising {
  /** Reads the plugins anew and tells at once what has changed. Deployments under way keep what they have. */
  reload(): Promise<void>;
  /** From now on the worker counts as gone. */
  stop(): Promise<void>;
}

const heartbeatMs = 10_000;
const seldomMs = 60_000;
const admissionMs = 1_000;

/** Resolves after the first heartbeat. */
export async function startAdvertising(
  worker: WorkerContext,
  { slots, running }: { slots: number; running(): number },
): Promise<Advertising> {
  const { id, labels, source, database, logger, admission } = worker;
  const workers = workerRepository(database);
  let ofPlugins: Capabilities = { providers: [], builders: [], runtimes: [] };
  let reloading: Promise<void> = Promise.resolve();
  let stopped = false;
  let beating: Promise<void> = Promise.resolve();
  let told: ReadonlySet<string> = new Set();

  const beat = async () => {
    worker.capabilities = joinCapabilities(await builtInCapabilities(source, worker), ofPlugins);
    const refusal = await admission.refusal();
    if (stopped) return;
    const { capabilities } = worker;
    beating = workers.heartbeat({ id, slots, running: running(), refusal, labels: [...labels], capabilities });
    await beating;
  };
  const askSeldom = async () => {
    const plugins = source.plugins().length > 0 ? pluginCapabilities(source, worker) : ofPlugins;
    const [remarks, capabilities] = await Promise.all([builderRemarks(source, worker), plugins]);
    ofPlugins = capabilities;
    worker.filled = remarks.filled;
    for (const notice of remarks.notices) if (!told.has(notice)) logger.warn(notice);
    told = new Set(remarks.notices);
  };
  const reload = async () => {
    await source.reload();
    await askSeldom();
    await beat();
  };

  await askSeldom();
  await beat();
  const report = (error: unknown) => logger.warn({ err: error }, 'a heartbeat failed; it will be tried again');
  const heartbeat = repeat(beat, heartbeatMs, report);
  const asking = repeat(askSeldom, seldomMs, report);
  const admitting = repeat(async () => void (await admission.refusal()), admissionMs, report);
  return {
    reload() {
      // One that is asked for during another starts afterwards: it has to see what has changed since.
      reloading = reloading.catch(() => {}).then(reload);
      return reloading;
    },
    async stop() {
      stopped = true;
      await beating.catch(() => {});
      await workers.leave(id);
      await Promise.all([heartbeat.stop(), asking.stop(), admitting.stop()]);
    },
  };
}

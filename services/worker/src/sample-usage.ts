import { setTimeout as delay } from 'node:timers/promises';
import { sampleRepository } from '@pierhead/database';
import type { Identity } from '@pierhead/model';
import { dispose } from './look-up.js';
import { callContextOf } from './task-context.js';
import { createMeter } from './usage-meter.js';
import type { WorkerContext } from './worker-context.js';

const everyMs = 10_000;
const limitMs = 20_000;

/** What a worker answers for on its machine, by runtime. */
export type Answerable = () => ReadonlyMap<string, readonly Identity[]>;

/**
 * Measures every ten seconds what releases take of this machine: one question to each runtime, one statement for its answer.
 * @returns how to stop
 */
export function startSamplingUsage(worker: WorkerContext, answerable: Answerable): () => Promise<void> {
  const samples = sampleRepository(worker.database);
  const stopping = new AbortController();
  const { signal } = stopping;
  const meters = new Map<string, ReturnType<typeof createMeter>>();
  const meterOf = (runtimeId: string) => {
    const meter = meters.get(runtimeId) ?? createMeter();
    meters.set(runtimeId, meter);
    return meter;
  };

  const sample = async (runtimeId: string, identities: readonly Identity[]) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
    const runtime = await worker.source.current().runtimes.getRuntime(runtimeId);
    const used = await (async () => runtime?.usage?.(identities, callContextOf(worker, limit)))().finally(() =>
      dispose(runtime, worker.logger),
    );
    const asked = new Set(identities.map((each) => each.deploymentId));
    const byId = new Map(used?.filter((each) => asked.has(each.deploymentId)).map((each) => [each.deploymentId, each]));
    await samples.add(meterOf(runtimeId)([...byId.values()]));
  };
  const round = () =>
    Promise.all(
      [...answerable()].map(([runtimeId, identities]) =>
        sample(runtimeId, identities).catch((error) => {
          if (!signal.aborted) worker.logger.debug({ err: error, runtimeId }, 'usage could not be measured');
        }),
      ),
    );
  const sampling = (async () => {
    while (!signal.aborted) {
      await delay(untilMiddle(Date.now()), undefined, { signal }).catch(() => {});
      if (!signal.aborted) await round();
    }
  })();
  return async () => {
    stopping.abort();
    await sampling;
  };
}

/** How long until the middle of the next step: so that each gets one sample, though no round takes equally long. */
const untilMiddle = (now: number) => everyMs - ((now + everyMs / 2) % everyMs);

import { type Kept, type OutputBounds, outputRepository, type PackedOutputLine } from '@pierhead/database';
import type { Identity, OutputLine } from '@pierhead/model';
import { dispose } from './look-up.js';
import { maskOf } from './mask-of.js';
import { callContextOf } from './task-context.js';
import type { WorkerContext } from './worker-context.js';

const lookMs = 5_000;
const leaseSeconds = 20;
const listLimitMs = 4_000;
const flushMs = 200;
const batchLines = 500;
const batchChars = 262_144;
/** An app that writes faster waits, and loses what its runtime does not hold for so long. */
const batchMs = 100;
const trimEvery = 10;
const bounds: OutputBounds = { lines: 10_000, bytes: 10_485_760 };

type Repository = ReturnType<typeof outputRepository>;

export interface KeepingOutput {
  /** What this worker keeps the output of now, by runtime: no other worker does. */
  kept(): Map<string, Identity[]>;
  /** Something of a deployment has started: what was followed of it may be only a part by now. */
  startedAgain(deploymentId: string): void;
  stop(): Promise<void>;
}

interface Following {
  runtimeId: string;
  identity: Identity;
  ended: Promise<void>;
  again: AbortController;
}

/**
 * Keeps the output of what runs on this machine: of each deployment one worker, which another one replaces when it is
 * gone. What was written meanwhile is read later, as long as the runtime holds it.
 */
export function startKeepingOutput(worker: WorkerContext): KeepingOutput {
  const outputs = outputRepository(worker.database);
  const stopping = new AbortController();
  const following = new Map<string, Following>();
  const follow = (runtimeId: string, identity: Identity, kept: Kept) => {
    const { deploymentId } = kept;
    const again = new AbortController();
    const signal = AbortSignal.any([stopping.signal, again.signal]);
    const ended = keep(runtimeId, identity, kept, { worker, outputs, signal })
      .catch((error) => worker.logger.warn({ err: error, deploymentId }, 'output is not kept for a moment'))
      .finally(() => following.delete(deploymentId));
    following.set(deploymentId, { runtimeId, identity, ended, again });
  };

  const look = async () => {
    await outputs.renew([...following.keys()], worker.id, leaseSeconds);
    for (const [runtimeId, identities] of await running(await outputs.untended(), worker, stopping.signal)) {
      const byId = new Map(identities.map((each) => [each.deploymentId, each]));
      const others = [...byId.keys()].filter((id) => !following.has(id));
      for (const kept of await outputs.take(others, worker.id, leaseSeconds))
        follow(runtimeId, byId.get(kept.deploymentId)!, kept);
    }
  };
  const looking = (async () => {
    while (!stopping.signal.aborted) {
      const next = worker.starts.next(AbortSignal.any([stopping.signal, AbortSignal.timeout(lookMs)]));
      await look().catch((error) => worker.logger.warn({ err: error }, 'looking for output failed; trying again'));
      await next;
    }
  })();
  return {
    kept() {
      const byRuntime = new Map<string, Identity[]>();
      for (const { runtimeId, identity } of following.values())
        byRuntime.set(runtimeId, [...(byRuntime.get(runtimeId) ?? []), identity]);
      return byRuntime;
    },
    startedAgain(deploymentId) {
      const known = following.get(deploymentId);
      known?.again.abort();
      void (known?.ended ?? Promise.resolve()).then(worker.starts.ring);
    },
    async stop() {
      stopping.abort();
      await looking;
      await Promise.all([...following.values()].map(({ ended }) => ended));
    },
  };
}

/** What runs on this machine with some of the runtimes. */
async function running(
  wanted: readonly string[],
  worker: WorkerContext,
  signal: AbortSignal,
): Promise<Map<string, Identity[]>> {
  const found = new Map<string, Identity[]>();
  const usable = worker.capabilities.runtimes.filter(({ id, available }) => available && wanted.includes(id));
  for (const id of new Set(usable.map((each) => each.id))) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(listLimitMs)]);
    const runtime = await worker.source.current().runtimes.getRuntime(id);
    const listed = runtime?.list?.(callContextOf(worker, limit)).finally(() => dispose(runtime, worker.logger));
    // One that fails does not keep the others from it.
    found.set(id, (await listed?.catch(() => null)) ?? []);
  }
  return found;
}

interface Keeper {
  worker: WorkerContext;
  outputs: Repository;
  signal: AbortSignal;
}

/** Follows one deployment's output until it ends, somebody else keeps it, or the signal fires. */
async function keep(runtimeId: string, identity: Identity, kept: Kept, keeper: Keeper) {
  const { deploymentId, serviceId, position, snapshot } = kept;
  const { worker, outputs } = keeper;
  // Throws where one does not open: what an app writes of it could not be hidden. Another worker may know the key.
  worker.secrets.open(snapshot, serviceId);
  const secrets = maskOf(snapshot, serviceId, worker.secrets);
  const lost = new AbortController();
  const signal = AbortSignal.any([keeper.signal, lost.signal]);
  const runtime = await worker.source.current().runtimes.getRuntime(runtimeId);
  const store = storeOf(deploymentId, keeper, () => lost.abort());
  try {
    const since = position === null ? {} : { since: position };
    const lines = runtime?.logs(identity, { follow: true, ...since }, callContextOf(worker, signal)) ?? [];
    for await (const line of lines) {
      await store.add({ ...line, text: secrets.mask(line.text) });
      if (signal.aborted) break;
    }
    await store.flush();
  } finally {
    await dispose(runtime, worker.logger);
    await outputs.leave(deploymentId, worker.id);
  }
}

/** Gathers lines and stores them in batches, the fuller the more there are. */
function storeOf(deploymentId: string, { worker, outputs }: Keeper, onLost: () => void) {
  let batch: OutputLine[] = [];
  let chars = 0;
  let waiting = 0;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();
  let batches = 0;

  const write = async (lines: OutputLine[]) => {
    const position = lines.at(-1)?.at ?? '';
    if (!(await outputs.append(deploymentId, worker.id, lines.map(pack), position))) return onLost();
    batches += 1;
    if (batches % trimEvery === 1) await outputs.trim(deploymentId, bounds);
  };
  const flush = () => {
    if (timer) clearTimeout(timer);
    timer = null;
    if (batch.length > 0) {
      const lines = batch;
      batch = [];
      chars = 0;
      waiting += 1;
      writing = writing
        .then(() => write(lines))
        .finally(() => {
          waiting -= 1;
        });
      // Whoever flushes next learns of it.
      writing.catch(onLost);
    }
    return writing;
  };
  return {
    flush,
    async add(line: OutputLine) {
      batch.push(line);
      chars += line.text.length;
      timer ??= setTimeout(() => void flush(), flushMs);
      // A slow database holds the app's output up, and not this worker's memory.
      if (batch.length < batchLines && chars < batchChars && waiting < 2) return;
      const rest = new Promise((resolve) => setTimeout(resolve, batchMs));
      await flush();
      await rest;
    },
  };
}

const pack = ({ at, stream, text }: OutputLine): PackedOutputLine => [Date.parse(at) || Date.now(), stream, text];

import type { Capabilities, Capability, EntryKind } from '@pierhead/model';

/** What a deployment needs of the worker that runs it. */
export interface Requirements {
  labels: readonly string[];
  entries: readonly { kind: EntryKind; id: string; version: string }[];
}

export interface LiveWorker {
  id: string;
  slots: number;
  /** Deployments that it runs, or that were handed to it and wait. */
  busy: number;
  /** Why it takes none now, in a sentence; null while it does. */
  refusal: string | null;
  labels: readonly string[];
  capabilities: Capabilities;
}

type Entry = Requirements['entries'][number];
type Able = Pick<LiveWorker, 'labels' | 'capabilities'>;

const told = 3;
const lists = { provider: 'providers', builder: 'builders', runtime: 'runtimes' } as const;

const capabilityOf = ({ capabilities }: Able, { kind, id, version }: Entry): Capability | undefined =>
  capabilities[lists[kind]].find((each) => each.id === id && each.version === version);

const hasLabels = ({ labels }: Able, wanted: readonly string[]) => wanted.every((label) => labels.includes(label));

/** Whether a worker has all labels and entries, and can use these. */
export const canRun = (worker: Able, { labels, entries }: Requirements): boolean =>
  hasLabels(worker, labels) && entries.every((entry) => capabilityOf(worker, entry)?.available);

/**
 * Which of the living workers may be given a deployment, or why it has to wait. What none of them has or can use
 * does not wait: it goes to those that can say why it fails.
 */
export function findCandidates(requirements: Requirements, workers: readonly LiveWorker[]): LiveWorker[] | string {
  const suited = findSuited(requirements, workers);
  if (typeof suited === 'string') return suited;
  const willing = suited.filter(({ refusal }) => refusal === null);
  return willing.length > 0 ? willing : unwilling(suited);
}

/** As if all of them had room. */
function findSuited(requirements: Requirements, workers: readonly LiveWorker[]): LiveWorker[] | string {
  const { labels, entries } = requirements;
  if (workers.length === 0) return 'No worker is running.';
  const labelled = workers.filter((worker) => hasLabels(worker, labels));
  if (labelled.length === 0) return withoutLabels(labels, workers);
  const able = labelled.filter((worker) => canRun(worker, requirements));
  if (able.length > 0) return able;
  const nowhere = entries.filter((entry) => !workers.some((worker) => capabilityOf(worker, entry)?.available));
  if (nowhere.length === 0) return unable(requirements, labelled);
  const knowing = labelled.filter((worker) => nowhere.every((entry) => capabilityOf(worker, entry)));
  return knowing.length > 0 ? knowing : labelled;
}

/**
 * Where a deployment goes: to one worker, to whichever comes first (`workerId` null) where every living one will do,
 * or nowhere yet.
 * @param avoid a worker that has not taken it so far: the last choice
 */
export function chooseWorker(
  requirements: Requirements,
  workers: readonly LiveWorker[],
  avoid: string | null = null,
): { workerId: string | null } | { reason: string } {
  const candidates = findCandidates(requirements, workers);
  if (typeof candidates === 'string') return { reason: candidates };
  if (candidates.length === workers.length) return { workerId: null };
  return { workerId: leastBusy(candidates, avoid)!.id };
}

/** @param avoid the last choice */
export function leastBusy(workers: readonly LiveWorker[], avoid: string | null = null): LiveWorker | undefined {
  const rank = ({ id, slots, busy }: LiveWorker) => [Number(id === avoid), busy - slots] as const;
  return workers.toSorted((a, b) => rank(a)[0] - rank(b)[0] || rank(a)[1] - rank(b)[1])[0];
}

/** Why a deployment would wait or fail for want of a worker; null where one can run it. */
export function lackOfWorker(requirements: Requirements, workers: readonly LiveWorker[]): string | null {
  const candidates = findCandidates(requirements, workers);
  if (typeof candidates === 'string') return candidates;
  return candidates.some((worker) => canRun(worker, requirements)) ? null : unable(requirements, candidates);
}

function withoutLabels(labels: readonly string[], workers: readonly LiveWorker[]): string {
  const unknown = labels.filter((label) => !workers.some((worker) => worker.labels.includes(label)));
  if (unknown.length === 0) return `No worker has all of the labels ${labels.join(', ')}.`;
  return `No worker has the label${unknown.length > 1 ? 's' : ''} ${unknown.join(', ')}.`;
}

function unable({ entries }: Requirements, workers: readonly LiveWorker[]): string {
  const reasons = workers.slice(0, told).flatMap((worker) => {
    const entry = entries.find((each) => !capabilityOf(worker, each)?.available);
    if (!entry) return [];
    const known = capabilityOf(worker, entry);
    const lacks = `It does not have the ${entry.kind} ${entry.id} ${entry.version}.`;
    return [`Worker ${worker.id}: ${known ? (known.reason?.message ?? 'It is not available.') : lacks}`];
  });
  return [...reasons, ...further(workers)].join(' ');
}

/** They could, but not now. */
function unwilling(workers: readonly LiveWorker[]): string {
  const reasons = workers.slice(0, told).map(({ id, refusal }) => `Worker ${id}: ${refusal}`);
  return [...reasons, ...further(workers)].join(' ');
}

const further = ({ length }: readonly LiveWorker[]) =>
  length > told ? [`${length - told} more workers cannot either.`] : [];

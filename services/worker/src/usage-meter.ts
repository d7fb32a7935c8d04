import type { NewSample } from '@pierhead/database';
import type { InstanceUsage, PartUsage } from '@pierhead/model';

/** Of a part that is new here and older than this it is not known what it took lately. */
const newForMs = 30_000;

type Meter = (usage: readonly InstanceUsage[]) => NewSample[];

/** Makes of counts that only grow what was taken since they were read before. */
export function createMeter(): Meter {
  let before = new Map<string, PartUsage>();
  return (usage) => {
    const now = new Map<string, PartUsage>();
    const samples = usage.map(({ deploymentId, parts }) => {
      const spans = parts.map((part) => {
        now.set(part.id, part);
        return taken(before.get(part.id), part);
      });
      return { deploymentId, ...held(parts), ...together(spans.filter((each) => each !== null)) };
    });
    before = now;
    return samples;
  };
}

type Span = Pick<NewSample, 'seconds' | 'cpuSeconds' | 'receivedBytes' | 'sentBytes'>;

/** Since it was measured before, or since its start; null where neither is of use. */
function taken(before: PartUsage | undefined, now: PartUsage): Span | null {
  const isSame = before?.startedAt === now.startedAt && before.cpuSeconds <= now.cpuSeconds;
  const age = Date.parse(now.at) - Date.parse(now.startedAt);
  if (!isSame && !(age <= newForMs)) return null;
  const base = isSame ? before : { at: now.startedAt, cpuSeconds: 0, receivedBytes: 0, sentBytes: 0 };
  const seconds = (Date.parse(now.at) - Date.parse(base.at)) / 1_000;
  if (!(seconds > 0)) return null;
  return {
    seconds,
    cpuSeconds: now.cpuSeconds - base.cpuSeconds,
    receivedBytes: Math.max(0, now.receivedBytes - base.receivedBytes),
    sentBytes: Math.max(0, now.sentBytes - base.sentBytes),
  };
}

/** A part that started on the way has taken nothing before: the longest span counts. */
const together = (spans: readonly Span[]): Span => ({
  seconds: Math.max(0, ...spans.map((each) => each.seconds)),
  cpuSeconds: sum(spans.map((each) => each.cpuSeconds)),
  receivedBytes: sum(spans.map((each) => each.receivedBytes)),
  sentBytes: sum(spans.map((each) => each.sentBytes)),
});

const held = (parts: readonly PartUsage[]) => {
  const limits = parts.map((each) => each.memoryLimitBytes);
  return {
    memoryBytes: Math.round(sum(parts.map((each) => each.memoryBytes))),
    memoryLimitBytes: limits.includes(null) ? null : Math.round(sum(limits.map(Number))),
    pids: sum(parts.map((each) => each.pids)),
    replicas: parts.length,
    restarts: sum(parts.map((each) => each.restarts)),
  };
};

const sum = (values: readonly number[]) => values.reduce((total, each) => total + each, 0);

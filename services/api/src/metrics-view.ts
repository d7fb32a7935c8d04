import type { Sample } from '@pierhead/database';
import { durationAt, type ReleaseFigures, type ReleaseMetrics, type ServiceMetrics } from '@pierhead/model';
import type { ApiContext } from './context.js';

/** Seconds since 1970. `to` ends a step of samples, `from` begins one of the answer. */
export interface Span {
  from: number;
  to: number;
  stepSeconds: number;
}

const latestSeconds = 30;

/** What the releases of a service and environment took and answered; `to` now, for what they do at present. */
export async function metricsOf(
  { samples }: Pick<ApiContext, 'samples'>,
  serviceId: string,
  environment: string,
  { span, now }: { span: Span; now: number },
): Promise<ServiceMetrics> {
  const recent = { from: now - latestSeconds, to: now, stepSeconds: latestSeconds };
  const [found, latest] = await Promise.all(
    [span, recent].map(({ from, to }) => samples.read(serviceId, environment, from, to)),
  );
  const points = pointsByRelease(found!, span);
  const present = pointsByRelease(latest!, recent);
  const releases = await samples.releases(serviceId, environment, [...points.keys()]);
  return {
    environment,
    from: timeAt(span.from),
    to: timeAt(span.to),
    stepSeconds: span.stepSeconds,
    releases: releases.map(
      (release): ReleaseMetrics => ({
        ...release,
        latest: present.get(release.deploymentId)?.[0] ?? null,
        points: points.get(release.deploymentId) ?? [],
      }),
    ),
  };
}

const timeAt = (seconds: number) => new Date(seconds * 1_000).toISOString();

/** Samples are in order of time, and so are the points. */
function pointsByRelease(samples: readonly Sample[], { from, to, stepSeconds }: Span): Map<string, ReleaseFigures[]> {
  const steps = new Map<string, Map<number, Sample[]>>();
  for (const sample of samples) {
    const start = from + Math.floor((sample.at - from) / stepSeconds) * stepSeconds;
    const ofRelease = steps.get(sample.deploymentId) ?? new Map<number, Sample[]>();
    steps.set(sample.deploymentId, ofRelease);
    ofRelease.set(start, [...(ofRelease.get(start) ?? []), sample]);
  }
  const points = (ofRelease: Map<number, Sample[]>) =>
    [...ofRelease].map(([start, group]) => figures(start, group, Math.min(stepSeconds, to - start)));
  return new Map([...steps].map(([deploymentId, ofRelease]) => [deploymentId, points(ofRelease)]));
}

function figures(start: number, samples: readonly Sample[], seconds: number): ReleaseFigures {
  const total = (pick: (sample: Sample) => number) => samples.reduce((sum, sample) => sum + pick(sample), 0);
  const highest = (pick: (sample: Sample) => number | null) =>
    samples.reduce<number | null>((most, sample) => maximum(most, pick(sample)), null);
  const measured = total((sample) => sample.seconds);
  const perSecond = (amount: number) => (measured > 0 ? rounded(amount / measured) : null);
  const responses = addUp(samples.map((sample) => sample.responses));
  const durations = addUp(samples.map((sample) => sample.durations));
  const requests = responses.reduce((sum, count) => sum + count, 0);
  const within = (share: number) => {
    const ms = durationAt(share, durations);
    return ms === null ? null : rounded(ms);
  };
  return {
    at: timeAt(start),
    cpuCores: perSecond(total((sample) => sample.cpuSeconds)),
    memoryBytes: highest((sample) => sample.memoryBytes),
    memoryLimitBytes: highest((sample) => sample.memoryLimitBytes),
    pids: highest((sample) => sample.pids),
    replicas: highest((sample) => sample.replicas),
    restarts: highest((sample) => sample.restarts),
    receivedBytesPerSecond: perSecond(total((sample) => sample.receivedBytes)),
    sentBytesPerSecond: perSecond(total((sample) => sample.sentBytes)),
    requests,
    requestsPerSecond: rounded(requests / seconds),
    responses: {
      '1xx': responses[1] ?? 0,
      '2xx': responses[2] ?? 0,
      '3xx': responses[3] ?? 0,
      '4xx': responses[4] ?? 0,
      '5xx': responses[5] ?? 0,
      unanswered: responses[0] ?? 0,
    },
    p50Ms: within(0.5),
    p95Ms: within(0.95),
    p99Ms: within(0.99),
  };
}

const maximum = (a: number | null, b: number | null) => (a === null || b === null ? (a ?? b) : Math.max(a, b));
const rounded = (value: number) => Math.round(value * 10_000) / 10_000;

function addUp(lists: readonly (readonly number[])[]): number[] {
  const sums: number[] = [];
  for (const list of lists) for (const [index, count] of list.entries()) sums[index] = (sums[index] ?? 0) + count;
  return sums;
}

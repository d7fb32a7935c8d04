import { setTimeout as delay } from 'node:timers/promises';
import { type Answered, durationRange, durationRanges, messageOf } from '@pierhead/model';
import type { FastifyBaseLogger } from 'fastify';
import type { RouteSource } from './route-source.js';

const everyMs = 1_000;
const limitMs = 5_000;

/** Counts what was answered for each release, and reports it while there is something to report. */
export class TrafficReport {
  #counts = new Map<string, Answered>();
  #timer: NodeJS.Timeout | undefined;
  #reporting: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    private readonly source: Pick<RouteSource, 'report'>,
    private readonly logger: FastifyBaseLogger,
  ) {}

  /**
   * Called for every request: it makes no objects.
   * @param status of the answer; 0 when the client left before it
   * @param ms until the headers of the answer
   */
  count(deploymentId: string, status: number, ms: number) {
    const answered = this.#of(deploymentId);
    answered.requests += 1;
    if (status >= 500) answered.failures += 1;
    answered.responses[classOf(status)]! += 1;
    if (status > 0) answered.durations[durationRange(ms)]! += 1;
    this.#timer ??= setTimeout(() => this.#report(), everyMs).unref();
  }

  /** Reports the last of it. */
  async close() {
    this.#closed = true;
    this.#report();
    await this.#reporting;
  }

  #of(deploymentId: string): Answered {
    const known = this.#counts.get(deploymentId);
    if (known) return known;
    const answered = { deploymentId, requests: 0, failures: 0, responses: zeros(6), durations: zeros(durationRanges) };
    this.#counts.set(deploymentId, answered);
    return answered;
  }

  #report() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#counts.size === 0) return;
    const counts = [...this.#counts.values()];
    this.#counts = new Map();
    this.#reporting = this.#reporting.then(() => this.#send(counts));
  }

  /** What could not be reported is added to what comes. */
  async #send(counts: Answered[]) {
    try {
      const late = delay(limitMs, undefined, { ref: false }).then(() => Promise.reject(new Error('no answer in time')));
      await Promise.race([this.source.report?.(counts), late]);
    } catch (error) {
      this.logger.debug({ reason: messageOf(error) }, 'traffic could not be reported');
      if (this.#closed) return;
      for (const each of counts) add(each, this.#of(each.deploymentId));
      this.#timer ??= setTimeout(() => this.#report(), everyMs).unref();
    }
  }
}

const zeros = (count: number) => new Array<number>(count).fill(0);

/** 1xx is 1; what is no status that HTTP knows counts as a failure. */
const classOf = (status: number) => Math.min(5, Math.trunc(status / 100));

function add(from: Answered, to: Answered) {
  to.requests += from.requests;
  to.failures += from.failures;
  for (const [index, count] of from.responses.entries()) to.responses[index]! += count;
  for (const [index, count] of from.durations.entries()) to.durations[index]! += count;
}

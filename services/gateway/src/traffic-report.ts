import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, type Traffic } from '@pierhead/model';
import type { FastifyBaseLogger } from 'fastify';
import type { RouteSource } from './route-source.js';

const everyMs = 1_000;
const limitMs = 5_000;

/** Counts what was answered for each release, and reports it while there is something to report. */
export class TrafficReport {
  #counts = new Map<string, Traffic>();
  #timer: NodeJS.Timeout | undefined;
  #reporting: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    private readonly source: Pick<RouteSource, 'report'>,
    private readonly logger: FastifyBaseLogger,
  ) {}

  count(deploymentId: string, status: number) {
    const traffic = this.#of(deploymentId);
    traffic.requests += 1;
    if (status >= 500) traffic.failures += 1;
    this.#timer ??= setTimeout(() => this.#report(), everyMs).unref();
  }

  /** Reports the last of it. */
  async close() {
    this.#closed = true;
    this.#report();
    await this.#reporting;
  }

  #of(deploymentId: string): Traffic {
    const known = this.#counts.get(deploymentId);
    if (known) return known;
    const traffic = { deploymentId, requests: 0, failures: 0 };
    this.#counts.set(deploymentId, traffic);
    return traffic;
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
  async #send(counts: Traffic[]) {
    try {
      const late = delay(limitMs, undefined, { ref: false }).then(() => Promise.reject(new Error('no answer in time')));
      await Promise.race([this.source.report?.(counts), late]);
    } catch (error) {
      this.logger.debug({ reason: messageOf(error) }, 'traffic could not be reported');
      if (this.#closed) return;
      for (const { deploymentId, requests, failures } of counts) {
        const traffic = this.#of(deploymentId);
        traffic.requests += requests;
        traffic.failures += failures;
      }
      this.#timer ??= setTimeout(() => this.#report(), everyMs).unref();
    }
  }
}

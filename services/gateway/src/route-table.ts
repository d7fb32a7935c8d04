import { once } from 'node:events';
import { messageOf, type Route, WorldError } from '@pierhead/model';
import type { FastifyBaseLogger } from 'fastify';
import { Candidates } from './candidates.js';
import type { RouteSource } from './route-source.js';

export interface RouteTableOptions {
  source: RouteSource;
  logger: FastifyBaseLogger;
  /** Called with each reading that is now served, and the one before it. */
  onLoad(routes: readonly Route[], before: readonly Route[]): void;
  /** What is wrong with a new release; null when it answers. */
  check(route: Route, signal: AbortSignal): Promise<string | null>;
  /** The deployments that are no longer served, and that something is still under way to. */
  draining(): string[];
  /** The safety net under lost notifications. */
  reloadIntervalMs?: number;
  /** How soon a source that failed is asked again. */
  retryIntervalMs?: number;
  /** An answer that takes longer counts as failed. */
  timeoutMs?: number;
}

/** So long an acknowledgement waits for releases that are slow to answer. */
const settleMs = 100;

/** Hostname → route, in memory. Keeps the last known routes while their source is away. */
export class RouteTable {
  #routes = new Map<string, Route>();
  #loaded = false;
  #healthy = false;
  #reloading: Promise<void> | null = null;
  #stale = false;
  #closed = false;
  #awaiting: (() => void)[] = [];
  #unsubscribe: (() => Promise<void>) | null = null;
  #timer: NodeJS.Timeout | undefined;

  readonly #candidates: Candidates;

  constructor(private readonly options: RouteTableOptions) {
    const { check } = options;
    this.#candidates = new Candidates({ check, onChange: () => void this.reload() });
  }

  /** Whether the routes have been read at least once. */
  get loaded() {
    return this.#loaded;
  }

  get size() {
    return this.#routes.size;
  }

  lookup(hostname: string): Route | null {
    return this.#routes.get(hostname) ?? null;
  }

  /**
   * The route to a hostname. One that leads nowhere is waited for: its release makes way for the next one.
   * @param limitMs how long, before it is answered as it is
   */
  async lookupServed(hostname: string, limitMs: number): Promise<Route | null> {
    const limit = AbortSignal.timeout(limitMs);
    const late = once(limit, 'abort');
    for (;;) {
      const route = this.lookup(hostname);
      if (!route || route.upstreams.length > 0 || limit.aborted || this.#closed) return route;
      await Promise.race([this.#nextReading(), late]);
    }
  }

  #nextReading(): Promise<void> {
    return new Promise((resolve) => this.#awaiting.push(resolve));
  }

  #rouse() {
    for (const resolve of this.#awaiting.splice(0)) resolve();
  }

  /** Reads the routes and follows them. An absent source is no failure: it is asked again and again. */
  async start() {
    await this.#follow();
  }

  /** Reads the routes again. Calls during a reading share one more reading after it. */
  reload(): Promise<void> {
    this.#stale = true;
    this.#reloading ??= this.#readWhileStale().finally(() => {
      this.#reloading = null;
    });
    return this.#reloading;
  }

  async close() {
    this.#closed = true;
    this.#candidates.close();
    this.#rouse();
    clearTimeout(this.#timer);
    await this.#reloading;
    await this.#attempt('leave the route source', async ({ source }) => {
      await this.#unsubscribe?.();
      await source.leave?.();
    });
  }

  async #follow() {
    if (!this.#unsubscribe) await this.#attempt('follow route changes', (options) => this.#subscribe(options.source));
    await this.reload();
    if (this.#closed) return;
    const { reloadIntervalMs = 10_000, retryIntervalMs = 1_000 } = this.options;
    const rest = this.#healthy && this.#unsubscribe ? reloadIntervalMs : retryIntervalMs;
    this.#timer = setTimeout(() => void this.#follow(), rest).unref();
  }

  async #subscribe(source: RouteSource) {
    this.#unsubscribe = await source.subscribe(() => void this.reload());
  }

  async #readWhileStale() {
    while (this.#stale && !this.#closed) {
      this.#stale = false;
      this.#healthy = await this.#attempt('read the routes', ({ source }) => this.#read(source));
    }
  }

  async #read(source: RouteSource) {
    const { version, routes } = await this.#inTime(source.load());
    this.#serve(routes);
    await this.#candidates.settle(settleMs);
    this.#serve(routes);
    await source.acknowledge?.(version, { draining: this.options.draining(), withheld: this.#candidates.withheld });
  }

  #serve(routes: readonly Route[]) {
    const before = [...this.#routes.values()];
    const served = this.#candidates.select(routes, this.#routes);
    this.#routes = new Map(served.map((route) => [route.hostname, route]));
    this.#loaded = true;
    this.options.onLoad(served, before);
    this.#rouse();
  }

  async #attempt(what: string, action: (options: RouteTableOptions) => Promise<void>): Promise<boolean> {
    try {
      await this.#inTime(action(this.options));
      return true;
    } catch (error) {
      this.options.logger.warn({ reason: messageOf(error) }, `cannot ${what}; what was known keeps serving`);
      return false;
    }
  }

  /** A source that never answers must not stop the next attempt. */
  async #inTime<T>(answer: Promise<T>): Promise<T> {
    const { timeoutMs = 5_000 } = this.options;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new WorldError('routes_timeout', `The source of routes did not answer within ${timeoutMs} ms.`);
      timer = setTimeout(() => reject(error), timeoutMs);
    });
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }
}

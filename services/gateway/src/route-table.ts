import { messageOf, type Route, WorldError } from '@pierhead/model';
import type { FastifyBaseLogger } from 'fastify';
import type { RouteSource, Routes } from './route-source.js';

export interface RouteTableOptions {
  source: RouteSource;
  logger: FastifyBaseLogger;
  /** Called with each reading that is now served. */
  onLoad(routes: Routes): void;
  /** The safety net under lost notifications. */
  reloadIntervalMs?: number;
  /** A reading that takes longer counts as failed. */
  loadTimeoutMs?: number;
}

/** Hostname → route, in memory. Keeps the last known routes while their source is away. */
export class RouteTable {
  #routes = new Map<string, Route>();
  #loaded = false;
  #reloading: Promise<void> | null = null;
  #stale = false;
  #closed = false;
  #unsubscribe: (() => Promise<void>) | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: RouteTableOptions) {}

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

  /** Reads the routes and follows them. An absent source is no failure: it is asked again and again. */
  async start() {
    this.#timer = setInterval(() => this.#tick(), this.options.reloadIntervalMs ?? 10_000);
    this.#timer.unref();
    await this.#tick();
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
    clearInterval(this.#timer);
    await this.#unsubscribe?.();
  }

  async #tick() {
    if (!this.#unsubscribe) await this.#subscribe();
    await this.reload();
  }

  async #subscribe() {
    try {
      const unsubscribe = await inTime(
        this.options.source.subscribe(() => void this.reload()),
        this.options,
      );
      if (this.#closed) return await unsubscribe();
      this.#unsubscribe = unsubscribe;
    } catch (error) {
      this.options.logger.warn({ reason: messageOf(error) }, 'cannot follow route changes; will try again');
    }
  }

  async #readWhileStale() {
    while (this.#stale && !this.#closed) {
      this.#stale = false;
      await this.#read();
    }
  }

  async #read() {
    try {
      const routes = await inTime(this.options.source.load(), this.options);
      this.#routes = new Map(routes.map((route) => [route.hostname, route]));
      this.#loaded = true;
      this.options.onLoad(routes);
      await this.options.source.acknowledge?.(routes.version);
    } catch (error) {
      this.options.logger.warn({ reason: messageOf(error) }, 'cannot read routes; the last known ones keep serving');
    }
  }
}

/** A source that never answers must not stop the next attempt. */
async function inTime<T>(answer: Promise<T>, options: RouteTableOptions): Promise<T> {
  const limit = options.loadTimeoutMs ?? 5_000;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new WorldError('routes_timeout', `The source of routes did not answer within ${limit} ms.`);
    timer = setTimeout(() => reject(error), limit);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

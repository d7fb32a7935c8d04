import { LRUCache } from 'lru-cache';

/** Beyond so many keys the oldest is forgotten: memory has an end. */
const mostKeys = 20_000;

/** Counts by key within a window of time that begins with the first of each. */
export class Tally {
  readonly #counts: LRUCache<string, number>;

  constructor(windowMs: number) {
    this.#counts = new LRUCache({ max: mostKeys, ttl: windowMs, noUpdateTTL: true });
  }

  /** Counts one more, and tells how many these are. */
  add(key: string, by = 1): number {
    const count = this.of(key) + by;
    this.#counts.set(key, count);
    return count;
  }

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  /** Until the window of this key ends. */
  remainingMs(key: string): number {
    return this.#counts.getRemainingTTL(key);
  }
}

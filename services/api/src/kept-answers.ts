import type { CatalogAnswer } from './catalog-client.js';

interface Kept {
  answer: Promise<CatalogAnswer>;
  /** By the clock of `performance`, in milliseconds; without end while it is awaited. */
  until: number;
}

const keepMs = 1_000;
const most = 1_000;

/**
 * Keeps good answers for a second, so that a burst of readers costs one call; who asks while a call is under way
 * shares it. What fails is kept for nobody.
 */
export class KeptAnswers {
  readonly #kept = new Map<string, Kept>();

  async get(key: string, ask: () => Promise<CatalogAnswer>): Promise<CatalogAnswer> {
    const known = this.#kept.get(key);
    if (known && known.until > performance.now()) return known.answer;
    const kept: Kept = { answer: ask(), until: Number.POSITIVE_INFINITY };
    this.#keep(key, kept);
    const forget = () => {
      if (this.#kept.get(key) === kept) this.#kept.delete(key);
    };
    kept.answer.then(({ status }) => {
      if (status !== 200) return forget();
      kept.until = performance.now() + keepMs;
    }, forget);
    return kept.answer;
  }

  /** Forgets everything, calls under way too: what they bring may be old. */
  clear(): void {
    this.#kept.clear();
  }

  /** The newest last: where there are too many, the oldest goes. */
  #keep(key: string, kept: Kept): void {
    this.#kept.delete(key);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= most) this.#kept.delete(oldest);
    this.#kept.set(key, kept);
  }
}

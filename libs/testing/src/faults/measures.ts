import type { Test } from 'tap';

/** How often a case is repeated: few unless PIERHEAD_FAULT_REPEATS says more. */
export const repeats = Number(process.env.PIERHEAD_FAULT_REPEATS ?? 1);

/** Durations of a case, told at its end. */
export class Measures {
  readonly #values: number[] = [];

  constructor(readonly what: string) {}

  add(ms: number): void {
    this.#values.push(ms);
  }

  get max(): number {
    return Math.max(...this.#values);
  }

  tell(t: Test): void {
    const sorted = this.#values.toSorted((a, b) => a - b);
    if (sorted.length === 0) return;
    const seconds = (ms: number) => (ms / 1_000).toFixed(2);
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
    t.comment(`measured: ${this.what}: median ${seconds(median)} s, max ${seconds(this.max)} s, of ${sorted.length}`);
  }
}

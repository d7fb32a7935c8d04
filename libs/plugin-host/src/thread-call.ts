export interface CallTerms {
  signal: AbortSignal | undefined;
  limitMs: number;
  graceMs: number;
  /** Asks the plugin to stop. */
  abort(): void;
  /** Ends its thread, which it did not leave when it was asked to. */
  kill(): void;
  tooLong(): Error;
}

/** A call under way in a thread. It ends when the plugin has answered, or when its thread has ended. */
export class ThreadCall {
  readonly done: Promise<unknown>;
  #resolve: (value: unknown) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #stopped: 'aborted' | 'too-long' | null = null;
  #timer: NodeJS.Timeout;

  constructor(readonly terms: CallTerms) {
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#timer = setTimeout(() => this.#stop('too-long'), terms.limitMs);
    if (terms.signal?.aborted) this.#stop('aborted');
    else terms.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  resolve(value: unknown): void {
    if (this.#stopped === 'too-long') this.reject(null);
    else this.#end();
    this.#resolve(value);
  }

  /** Whoever was told to stop fails for the reason that it was told so. */
  reject(error: unknown): void {
    this.#end();
    this.#reject(this.#reasonFor(error));
  }

  #reasonFor(error: unknown): unknown {
    if (this.#stopped === 'too-long') return this.terms.tooLong();
    return this.#stopped === 'aborted' ? this.terms.signal?.reason : error;
  }

  readonly #onAbort = () => this.#stop('aborted');

  #stop(why: 'aborted' | 'too-long'): void {
    if (this.#stopped) return;
    this.#stopped = why;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.terms.kill, this.terms.graceMs);
    this.terms.abort();
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.terms.signal?.removeEventListener('abort', this.#onAbort);
  }
}

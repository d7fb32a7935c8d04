import type { Given, Isolation, NamedPart } from './isolation.js';
import { pluginError, unpackError } from './sent-error.js';
import { answerStorage } from './storage-answers.js';
import { ThreadCall } from './thread-call.js';
import type { ThreadFailure } from './thread-failure.js';
import { type FromThread, maxAsks, type ToThread, tooManyAsks } from './thread-messages.js';
import type { Thread } from './threads.js';

interface Owner {
  part: NamedPart;
  isolation: Isolation;
  /** Names the instance in messages. */
  what: string;
}

interface Pending {
  call: ThreadCall;
  given: Given;
  onItem(item: unknown): void;
  /** How many questions to the storage are open. */
  asks: number;
}

interface Time {
  limitMs: number;
  waitedMs: number;
}

interface Answered {
  answer: unknown;
  isAbsent: boolean;
}

/** The service's side of a thread that runs one instance. */
export class PluginThread {
  readonly #thread: Thread;
  readonly #pending = new Map<number, Pending>();
  #calls = 0;
  #endedBecause: ThreadFailure | null = null;

  constructor(
    readonly owner: Owner,
    onEnd: () => void,
  ) {
    const { part, isolation } = owner;
    this.#thread = isolation.threads.start<FromThread>('./plugin-thread.js', { part }, isolation.limits.memoryMb, {
      message: (message) => this.#receive(message),
      ended: (failure) => {
        onEnd();
        for (const { call } of this.#pending.values()) call.reject(this.#crash(this.#endedBecause ?? failure));
        this.#pending.clear();
      },
    });
  }

  /** `waitedMs` is what is gone of the limit already. */
  async call(method: string, args: unknown[], given: Given, limitMs: number, waitedMs: number): Promise<Answered> {
    return (await this.#start(method, args, given, { limitMs, waitedMs }, () => {}).call.done) as Answered;
  }

  /** Items wait here until they are taken, no more than a window of them. */
  async *stream(method: string, args: unknown[], given: Given): AsyncGenerator<unknown> {
    const stop = new AbortController();
    const signal = given.signal ? AbortSignal.any([given.signal, stop.signal]) : stop.signal;
    const items: unknown[] = [];
    let wake = () => {};
    let ended = false;
    const { id, call } = this.#start(method, args, { ...given, signal }, { limitMs: maxTimer, waitedMs: 0 }, (item) => {
      items.push(item);
      wake();
    });
    const done = call.done.finally(() => {
      ended = true;
      wake();
    });
    done.catch(() => {});
    try {
      while (!ended || items.length > 0) {
        const taken = items.splice(0);
        yield* taken;
        if (taken.length > 0) this.#post({ type: 'more', call: id, count: taken.length });
        if (items.length === 0 && !ended)
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
      await done;
    } finally {
      stop.abort();
    }
  }

  async end(): Promise<void> {
    await this.#end({ code: 'plugin_crashed', message: 'was ended' });
  }

  #start(method: string, args: unknown[], given: Given, { limitMs, waitedMs }: Time, onItem: Pending['onItem']) {
    const id = ++this.#calls;
    const { workspace, host, signal } = given;
    this.#thread.busy(true);
    this.#post({ type: 'call', call: id, method, args, aborted: signal?.aborted ?? false, workspace, host });
    const call = new ThreadCall({
      signal,
      limitMs: limitMs - waitedMs,
      graceMs: this.owner.isolation.limits.graceMs,
      abort: () => this.#post({ type: 'abort', call: id }),
      kill: () => this.#kill(),
      tooLong: () =>
        pluginError('plugin_timeout', `${this.owner.what} took longer than ${limitMs / 1000} s to ${method}.`),
    });
    this.#pending.set(id, { call, given, onItem, asks: 0 });
    const settled = () => {
      this.#pending.delete(id);
      if (this.#pending.size === 0) this.#thread.busy(false);
    };
    call.done.then(settled, settled);
    return { id, call };
  }

  #receive(message: FromThread): void {
    const pending = this.#pending.get(message.call);
    if (!pending) return;
    const { call, given, onItem } = pending;
    if (message.type === 'log') given.log?.(message.text, message.stream);
    else if (message.type === 'ask') this.#answer(message, pending);
    else if (message.type === 'item') onItem(JSON.parse(message.value));
    else if (message.type === 'absent') call.resolve({ answer: undefined, isAbsent: true });
    else if (message.type === 'failed') call.reject(unpackError(message.error, this.owner.what));
    else call.resolve({ answer: message.value === undefined ? undefined : JSON.parse(message.value), isAbsent: false });
  }

  /** The thread itself keeps to the bound; one that does not has been tampered with. */
  #answer(ask: Extract<FromThread, { type: 'ask' }>, pending: Pending): void {
    if (pending.asks >= maxAsks) return void this.#end({ code: 'plugin_failed', message: tooManyAsks });
    pending.asks += 1;
    void answerStorage(ask, pending.given).then((answer) => {
      pending.asks -= 1;
      this.#post(answer);
    });
  }

  #post(message: ToThread): void {
    this.#thread.post(message);
  }

  #kill(): void {
    const message = 'was ended, because a call did not stop when it was told to';
    void this.#end({ code: 'plugin_crashed', message });
  }

  #end(because: ThreadFailure): Promise<unknown> {
    this.#endedBecause ??= because;
    return this.#thread.end();
  }

  #crash({ code, message }: ThreadFailure): Error {
    return pluginError(code, `${this.owner.what} ${message}.`);
  }
}

/** The longest that a timer of Node can wait. */
const maxTimer = 2 ** 31 - 1;

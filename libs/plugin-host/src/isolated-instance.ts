import { messageOf, WorldError } from '@pierhead/model';
import type { Given, Isolation, NamedPart } from './isolation.js';
import { callLimit } from './plugin-limits.js';
import { PluginThread } from './plugin-thread-host.js';
import { pluginError } from './sent-error.js';
import { listMethods } from './thread-messages.js';

/**
 * An instance in a thread of its own, which starts with the first call. When the thread has ended, for whatever
 * reason, the next call starts another: cleaning up works after a crash.
 */
export class IsolatedInstance {
  readonly what: string;
  #thread: PluginThread | null = null;

  /** `absent`: the optional methods that instances of the part are known to lack. */
  constructor(
    readonly part: NamedPart,
    readonly isolation: Isolation,
    readonly absent: Set<string>,
  ) {
    this.what = `The ${part.kind} "${part.id}" ${part.version} of the plugin "${part.plugin}"`;
  }

  async call(method: string, args: unknown[], given: Given): Promise<unknown> {
    const { answer, isAbsent } = await this.#send(method, args, given);
    if (isAbsent) throw pluginError('plugin_failed', `${this.what} has no method ${method}.`);
    return answer;
  }

  /** Undefined when the instance has no such method. */
  async callOptional(method: string, args: unknown[], given: Given): Promise<unknown> {
    if (this.absent.has(method)) return undefined;
    const { answer, isAbsent } = await this.#send(method, args, given);
    if (isAbsent) this.absent.add(method);
    return answer;
  }

  /** The names of the methods that the instance really has; makes it. */
  async methods(): Promise<string[]> {
    return (await this.call(listMethods, [], {})) as string[];
  }

  async *stream(method: string, args: unknown[], given: Given): AsyncGenerator<unknown> {
    yield* this.#running().stream(method, args, given);
  }

  /** Runs the manifest's migration, and ends the thread. */
  async migrate(config: object, from: string): Promise<Record<string, unknown>> {
    try {
      return (await this.call('migrateConfig', [config, from], {})) as Record<string, unknown>;
    } finally {
      await this.end();
    }
  }

  /** Never fails: the thread ends, whatever the plugin does. */
  async dispose(): Promise<void> {
    if (this.#thread) await this.callOptional('dispose', [], {}).catch(messageOf);
    await this.end();
  }

  async end(): Promise<void> {
    await this.#thread?.end();
  }

  /** What cleans up waits for nobody. */
  async #send(method: string, args: unknown[], given: Given) {
    const { limits, calls } = this.isolation;
    const limitMs = callLimit(limits, method);
    const started = performance.now();
    const call = () => this.#running().call(method, args, given, limitMs, performance.now() - started);
    if (method === 'dispose') return call();
    return calls.run(call, () => this.#patience(given.signal));
  }

  #patience(signal: AbortSignal | undefined): AbortSignal {
    const { waitMs, callsAtOnce } = this.isolation.limits;
    const busy = new AbortController();
    const message = `${this.what} was not asked: ${callsAtOnce} calls of plugins were under way for ${waitMs / 1000} s.`;
    setTimeout(() => busy.abort(new WorldError('plugin_busy', message)), waitMs).unref();
    return signal ? AbortSignal.any([signal, busy.signal]) : busy.signal;
  }

  #running(): PluginThread {
    this.#thread ??= new PluginThread(this, () => {
      this.#thread = null;
    });
    return this.#thread;
  }
}

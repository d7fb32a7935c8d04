import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { exited, failureOf, type ThreadFailure } from './thread-failure.js';

/** A running thread. What the plugin in it imports does not get at its port. */
export interface Thread {
  post(message: object): void;
  /** A thread that is not busy keeps no process from ending. */
  busy(yes: boolean): void;
  /** At once: what it has sent and nobody has received is dropped. */
  end(): Promise<unknown>;
}

export interface Listener<Message> {
  message(message: Message): void;
  /** After the last message, however the thread ended. */
  ended(failure: ThreadFailure): void;
}

/** The threads of one process that run plugins: started here, and ended here at the latest. */
export class Threads {
  readonly #live = new Set<Thread>();

  get size(): number {
    return this.#live.size;
  }

  /** Starts `file`, a sibling of this one, with next to no environment; what it prints goes nowhere. */
  start<Message>(file: string, data: object, memoryMb: number, listener: Listener<Message>): Thread {
    const { port1: port, port2 } = new MessageChannel();
    const worker = new Worker(new URL(file, import.meta.url), {
      workerData: { ...data, port: port2 },
      transferList: [port2],
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    });
    worker.stdout.resume();
    worker.stderr.resume();
    const stop = new AbortController();
    const thread: Thread = {
      post: (message) => port.postMessage(message),
      busy: (yes) => (yes ? worker.ref() : worker.unref()),
      end() {
        stop.abort();
        port.close();
        return worker.terminate();
      },
    };
    this.#live.add(thread);
    worker.once('exit', () => this.#live.delete(thread));
    listen(worker, port, stop.signal, memoryMb, listener);
    return thread;
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.#live].map((thread) => thread.end()));
  }
}

function listen<Message>(
  worker: Worker,
  port: MessagePort,
  stopped: AbortSignal,
  memoryMb: number,
  listener: Listener<Message>,
): void {
  let failure: ThreadFailure | null = null;
  const receive = (message: Message) => {
    if (!stopped.aborted) listener.message(message);
  };
  port.on('message', receive);
  port.unref();
  worker.once('error', (error) => {
    failure = failureOf(error, memoryMb);
  });
  worker.once('exit', (code) => {
    // The end may overtake what was sent before it.
    while (!stopped.aborted) {
      const left = receiveMessageOnPort(port);
      if (!left) break;
      receive(left.message);
    }
    port.close();
    listener.ended(failure ?? exited(code));
  });
}

import { AsyncLocalStorage } from 'node:async_hooks';
import { type MessagePort, workerData } from 'node:worker_threads';
import { type LogStream, maskSecrets } from '@pierhead/model';
import { findPart, type Methods, methodNames } from './find-part.js';
import { Output } from './output.js';
import { secretsIn } from './secrets-in.js';
import { packError, unpackError } from './sent-error.js';
import {
  type FromThread,
  listMethods,
  maxAsks,
  type PluginPart,
  type StorageMethod,
  storageMethods,
  streamWindow,
  type ToThread,
  tooManyAsks,
} from './thread-messages.js';

/** Runs one instance of one entry of a plugin, and nothing else. */
interface Running {
  abort: AbortController;
  output: Output;
  /** How many items the other side still takes in, and who waits for more. */
  credit: number;
  /** How many questions to the storage are open. */
  asks: number;
  wake(): void;
}

type Call = Extract<ToThread, { type: 'call' }>;
type Answer = Extract<ToThread, { type: 'answer' }>;

const maxAnswer = 1_000_000;
/** Ids, digests and paths are shorter. */
const maxArgument = 10_000;
const { port, part } = workerData as { port: MessagePort; part: PluginPart };
delete workerData.port;

const calls = new Map<number, Running>();
const asked = new Map<number, (answer: Answer) => void>();
const callOf = new AsyncLocalStorage<number>();
let found: ReturnType<typeof findPart> | undefined;
let asks = 0;

const post = (message: FromThread) => port.postMessage(message);

port.on('message', (message: ToThread) => {
  if (message.type === 'call') void run(message);
  else if (message.type === 'answer') asked.get(message.ask)?.(message);
  else if (message.type === 'abort') calls.get(message.call)?.abort.abort();
  else addCredit(message.call, message.count);
});
printInto('stdout');
printInto('stderr');

async function run(message: Call): Promise<void> {
  const { call } = message;
  const output = new Output((text, stream) => post({ type: 'log', call, text, stream }));
  const running = { abort: new AbortController(), output, credit: streamWindow, asks: 0, wake: () => {} };
  if (message.aborted) running.abort.abort();
  calls.set(call, running);
  try {
    await callOf.run(call, () => answer(message, running));
  } catch (error) {
    const sent = packError(error, output.mask);
    if (!sent.family && !running.abort.signal.aborted && error instanceof Error) output.write(error.stack, 'stderr');
    post({ type: 'failed', call, error: sent });
  }
  calls.delete(call);
}

async function answer(message: Call, running: Running): Promise<void> {
  const { call, method, args } = message;
  found ??= findPart(part);
  const { manifest, instance } = await found;
  running.output.mask = maskSecrets(secretsIn(manifest.configSchema, args)).mask;
  const target: Methods = method === 'migrateConfig' ? manifest : await instance();
  if (method === listMethods) return post({ type: 'result', call, value: jsonOf(methodNames(target)) });
  if (typeof target[method] !== 'function') return post({ type: 'absent', call });
  const given = target[method](...args, contextOf(message, running));
  if (method === 'logs') await sendItems(call, given as AsyncIterable<unknown>, running);
  post({ type: 'result', call, value: method === 'logs' ? undefined : jsonOf(await given) });
}

async function sendItems(call: number, items: AsyncIterable<unknown>, running: Running): Promise<void> {
  for await (const item of items) {
    while (running.credit === 0 && !running.abort.signal.aborted)
      await new Promise<void>((resolve) => {
        running.wake = resolve;
      });
    if (running.abort.signal.aborted) return;
    running.credit -= 1;
    post({ type: 'item', call, value: jsonOf(item) ?? 'null' });
  }
}

function addCredit(call: number, count: number): void {
  const running = calls.get(call);
  if (!running) return;
  running.credit += count;
  running.wake();
}

function contextOf({ call, workspace, host }: Call, running: Running) {
  const { abort, output } = running;
  const { signal } = abort;
  signal.addEventListener('abort', () => calls.get(call)?.wake());
  if (workspace === undefined) return { signal, host };
  const methods = storageMethods.map((method) => [
    method,
    (argument: string) => askStorage(call, running, method, argument),
  ]);
  const log = (text: unknown, stream: LogStream = 'stdout') => output.write(text, stream);
  return { log, signal, workspace, host, storage: Object.fromEntries(methods) };
}

/** Throws at once when too many are open: a loop that never awaits would not see a promise fail. */
function askStorage(call: number, running: Running, method: StorageMethod, argument: string): Promise<unknown> {
  const text = String(argument);
  if (text.length > maxArgument) throw new Error(`the storage was asked with ${text.length} characters`);
  if (running.asks >= maxAsks) throw new Error(tooManyAsks);
  running.asks += 1;
  const ask = ++asks;
  return new Promise((resolve, reject) => {
    asked.set(ask, ({ value, error }) => {
      asked.delete(ask);
      running.asks -= 1;
      if (error) reject(unpackError(error, 'The storage'));
      else resolve(value);
    });
    post({ type: 'ask', call, ask, method, argument: text });
  });
}

function jsonOf(value: unknown): string | undefined {
  const json = JSON.stringify(value) as string | undefined;
  if (json && json.length > maxAnswer) throw new Error(`the answer has ${json.length} characters of JSON`);
  return json;
}

/** What a plugin prints goes into the log of the call that it prints from. */
function printInto(stream: 'stdout' | 'stderr'): void {
  Object.assign(process[stream], {
    write(chunk: unknown, ...rest: unknown[]) {
      const latest = [...calls.keys()].at(-1);
      calls.get(callOf.getStore() ?? latest ?? -1)?.output.write(chunk, stream);
      const done = rest.at(-1);
      if (typeof done === 'function') queueMicrotask(() => done());
      return true;
    },
  });
}

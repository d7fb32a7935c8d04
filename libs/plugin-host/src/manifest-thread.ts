import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { type MessagePort, workerData } from 'node:worker_threads';
import type { ReadPlugin } from './plugin-as-read.js';
import { findPlugin, readPlugin } from './read-plugin.js';

/** Reads plugins one after another, so that whoever starts this thread knows which one it ended with. */
interface Task {
  port: MessagePort;
  sources: string[];
  directory: string;
  /** Shared: the position of the one whose turn it is. */
  turn: Int32Array;
}

const { port, sources, directory, turn: position } = workerData as Task;
delete workerData.port;
delete workerData.turn;

/** A message for each plugin would cost more than many a plugin. */
const batchMs = 25;
/** How long to look at the only one after its import. */
const lingerMs = 20;
const isAlone = sources.length === 1;

/** A plugin that waits for ever is to be seen waiting. */
const alive = setInterval(() => {}, 60_000);
let batch: ReadPlugin[] = [];
let sent = performance.now();
for (const [index, source] of sources.entries()) {
  Atomics.store(position, 0, index);
  const found = findPlugin(source, directory);
  if (isAlone) port.postMessage({ type: 'began', plugin: found });
  batch.push(await readPlugin(found));
  // What fails right after the import fails while it is still this plugin's turn.
  await (isAlone ? wait(lingerMs) : turn());
  if (performance.now() - sent > batchMs) send();
}
send();
port.postMessage({ type: 'done' });
clearInterval(alive);
port.close();

function send(): void {
  port.postMessage({ type: 'read', plugins: batch });
  batch = [];
  sent = performance.now();
}

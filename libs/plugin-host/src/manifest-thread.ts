import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { type MessagePort, workerData } from 'node:worker_threads';
import { findPlugin, readPlugin } from './read-plugin.js';

/** Reads plugins one after another, so that whoever starts this thread knows which one it ended with. */
interface Task {
  port: MessagePort;
  sources: string[];
  directory: string;
  /** How long to look at each after its import. */
  lingerMs: number;
}

const { port, sources, directory, lingerMs } = workerData as Task;
delete workerData.port;

/** A plugin that waits for ever is to be seen waiting. */
const alive = setInterval(() => {}, 60_000);
for (const source of sources) {
  const found = findPlugin(source, directory);
  port.postMessage({ type: 'began', plugin: found });
  const plugin = await readPlugin(found);
  // What fails right after the import fails while it is still this plugin's turn.
  await (lingerMs > 0 ? wait(lingerMs) : turn());
  port.postMessage({ type: 'read', plugin });
}
port.postMessage({ type: 'done' });
clearInterval(alive);
port.close();

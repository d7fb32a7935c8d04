import { fault, type ReadPlugin, unread } from './plugin-as-read.js';
import { type Reading, readInThread } from './read-in-thread.js';
import { Slots } from './slots.js';
import { exited } from './thread-failure.js';

/** More would take the processor from each other: those that hang may be spinning. */
const threadsAtOnce = 8;

/**
 * Reads all plugins in one thread; the answers have the order of the sources. When the thread fails, the one whose turn
 * it was and the one before it, which may have left something behind, are read alone, to find the culprit; meanwhile the
 * rest is read by halves, so that those that hang do not wait for each other.
 */
export async function readPlugins(sources: readonly string[], reading: Reading): Promise<ReadPlugin[]> {
  return sources.length === 0 ? [] : readGroup(sources, reading, new Slots(threadsAtOnce));
}

async function readGroup(sources: readonly string[], reading: Reading, slots: Slots): Promise<ReadPlugin[]> {
  const { read, turn, begun, failure } = await slots.run(() => readInThread(sources, reading));
  if (!failure && read.length === sources.length) return read;
  const [source = ''] = sources;
  if (sources.length === 1) return [faulty(begun ?? unread(source), failure ?? exited(0))];
  const suspect = Math.max(0, turn - 1);
  const safe = read.slice(0, suspect);
  const lost = sources.slice(safe.length, suspect);
  const suspects = sources.slice(suspect, turn + 1).map((each) => [each]);
  const groups = [lost, ...suspects, ...halves(sources.slice(turn + 1))].filter(({ length }) => length > 0);
  return [...safe, ...(await Promise.all(groups.map((group) => readGroup(group, reading, slots)))).flat()];
}

const halves = <T>(list: readonly T[]): T[][] => {
  const middle = Math.ceil(list.length / 2);
  return [list.slice(0, middle), list.slice(middle)];
};

const faulty = ({ source, name, version }: ReadPlugin, { code, message }: { code: string; message: string }) => ({
  ...unread(source),
  name,
  version,
  problems: [fault(code, `While it was loaded, the plugin ${message}.`)],
});

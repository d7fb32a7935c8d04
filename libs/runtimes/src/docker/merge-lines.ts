import type { OutputLine } from '@pierhead/model';

type Lines = AsyncGenerator<OutputLine>;
interface Head {
  from: Lines;
  result: IteratorResult<OutputLine>;
}

/** The lines of several sources: oldest first, or as they come where waiting for a quiet one would hold up the rest. */
export async function* mergeLines(sources: Lines[], live: boolean): Lines {
  const waiting = new Map(sources.map((from) => [from, pull(from)]));
  try {
    while (waiting.size > 0) {
      const head = live ? await Promise.race(waiting.values()) : oldest(await Promise.all(waiting.values()));
      if (head.result.done) {
        waiting.delete(head.from);
        continue;
      }
      waiting.set(head.from, pull(head.from));
      yield head.result.value;
    }
  } finally {
    for (const from of waiting.keys()) void from.return(undefined).catch(() => {});
  }
}

/** A source may fail while nobody waits for it yet: whoever does next learns of it. */
function pull(from: Lines): Promise<Head> {
  const head = from.next().then((result) => ({ from, result }));
  head.catch(() => {});
  return head;
}

/** One that has ended comes first, to be dropped. */
const oldest = (heads: Head[]): Head =>
  heads.reduce((first, each) => {
    if (first.result.done) return first;
    return each.result.done || each.result.value.at < first.result.value.at ? each : first;
  });

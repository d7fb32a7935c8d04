import type { Feed } from './feed.js';

/** Turns each piece of news about what has the id into a turn of a loop. The first turn comes at once; a quiet spell ends after `maxQuietMs`. */
export async function* turns(feed: Feed, id: string, signal: AbortSignal, maxQuietMs = 10_000): AsyncGenerator<void> {
  let news = true;
  let wake = () => {};
  const stop = feed.follow(id, () => {
    news = true;
    wake();
  });
  signal.addEventListener('abort', () => wake(), { once: true });
  try {
    while (!signal.aborted) {
      news = false;
      yield;
      if (!news) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, maxQuietMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    }
  } finally {
    stop();
  }
}

import { type Database, exclusively, type Repeating, repeat, sampleRepository } from '@pierhead/database';
import type { Logger } from '@pierhead/logger';

const everyMs = 60_000;

/** Merges figures of releases as they age, and drops the oldest, every minute; one api at a time. */
export function startMergingSamples(database: Database, logger: Logger): Pick<Repeating, 'stop'> {
  const stopping = new AbortController();
  const merge = () => exclusively(database, 'samples', () => sampleRepository(database).merge(stopping.signal));
  const repeating = repeat(merge, everyMs, (error) =>
    logger.warn({ err: error }, 'figures of releases could not be merged; trying again in a minute'),
  );
  return {
    async stop() {
      stopping.abort();
      await repeating.stop();
    },
  };
}

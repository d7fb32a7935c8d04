import {
  type Database,
  exclusively,
  type Repeating,
  type Retention,
  repeat,
  retentionRepository,
} from '@pierhead/database';
import type { Logger } from '@pierhead/logger';

const everyMs = 3_600_000;

/** Forgets old deployments, logs and commands, at the start and every hour; one api at a time. */
export function startRetention(database: Database, retention: Retention, logger: Logger): Pick<Repeating, 'stop'> {
  const stopping = new AbortController();
  const forget = () =>
    exclusively(database, 'retention', async () => {
      const forgotten = await retentionRepository(database).forget(retention, stopping.signal);
      if (forgotten.deployments + forgotten.logs + forgotten.commands > 0) logger.info(forgotten, 'forgot old history');
    });
  const repeating = repeat(forget, everyMs, (error) =>
    logger.warn({ err: error }, 'old history could not be forgotten; trying again in an hour'),
  );
  repeating.now();
  return {
    async stop() {
      stopping.abort();
      await repeating.stop();
    },
  };
}

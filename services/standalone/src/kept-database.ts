import { setTimeout as delay } from 'node:timers/promises';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@pierhead/embedded-postgres';
import { messageOf } from '@pierhead/model';
import { nextRestart } from './restart-policy.js';

export interface KeptDatabase {
  url: string;
  stop(limitMs: number): Promise<void>;
}

/** An embedded PostgreSQL that is started again, at the same address, should it end. */
export async function keepDatabase(dataDir: string, report: (text: string) => void): Promise<KeptDatabase> {
  const stopping = new AbortController();
  const deaths: number[] = [];
  const first = await startEmbeddedPostgres({ dataDir, log: report });
  const port = Number(new URL(first.url).port);
  let current = Promise.resolve<EmbeddedPostgres | null>(first);

  const watch = (server: EmbeddedPostgres | null) => {
    void server?.ended.then(() => {
      if (stopping.signal.aborted) return;
      report('PostgreSQL ended; starting it again');
      current = restart();
      void current.then(watch);
    });
  };
  const restart = async (): Promise<EmbeddedPostgres | null> => {
    deaths.push(Date.now());
    const { waitMs } = nextRestart(deaths, Date.now());
    await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => {});
    if (stopping.signal.aborted) return null;
    return startEmbeddedPostgres({ dataDir, port }).catch((error) => {
      report(`PostgreSQL does not start again: ${messageOf(error)}`);
      return restart();
    });
  };
  watch(first);

  return {
    url: first.url,
    async stop(limitMs) {
      stopping.abort();
      await (await current)?.stop(limitMs);
    },
  };
}

import type { Look, Route, Storage } from '@pierhead/model';
import { lookAt } from '@pierhead/probe';

const openPort: Look = { statuses: '', timeoutSeconds: 3 };

/** What is wrong with a release as this gateway sees it; null when each of its servers answers, or its files are there. */
export async function checkRelease(
  { upstreams, look }: Route,
  storage: Pick<Storage, 'treePath'>,
  signal: AbortSignal,
): Promise<string | null> {
  const found = await Promise.all(
    upstreams.map(async (upstream) => {
      if (upstream.kind === 'http') return lookAt(upstream, look ?? openPort, signal);
      return (await storage.treePath(upstream.digest)) === null ? 'its files are not in storage' : null;
    }),
  );
  return found.find((each) => each !== null) ?? null;
}

import { messageOf, type Unavailable } from '@pierhead/model';
import { callEngine } from './call-engine.js';
import { connectAfresh } from './connect-engine.js';

const pingLimitMs = 3_000;

/**
 * Why the engine at `dockerHost` cannot be used, or null when it answers a new connection within three seconds: one that
 * stops refuses those first, and serves the old ones on.
 */
export async function engineUnavailable(dockerHost: string, signal: AbortSignal): Promise<Unavailable | null> {
  const limit = new AbortController();
  const stop = () => limit.abort();
  const timer = setTimeout(stop, pingLimitMs);
  signal.addEventListener('abort', stop, { once: true });
  try {
    await callEngine(connectAfresh(dockerHost), { method: 'GET', path: '/_ping', signal: limit.signal });
    return null;
  } catch (error) {
    signal.throwIfAborted();
    const reason = limit.signal.aborted ? 'no answer in time' : messageOf(error);
    return {
      code: 'docker_unavailable',
      message: `No Docker engine answers at ${dockerHost}: ${reason}`,
      hint: 'Start Docker on this machine, or set DOCKER_HOST to an engine that this user may use.',
    };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

import { openStream } from './call-engine.js';
import type { Engine } from './connect-engine.js';
import { followJson } from './follow-json.js';

/** The labels of each container that starts from now on, of those that carry all of `labels`, for whatever reason. */
export function containerStarts(engine: Engine, labels: Record<string, string>, signal: AbortSignal) {
  const label = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return events(engine, { type: ['container'], event: ['start'], label }, signal);
}

/** Yields whenever a container joins a network from now on. */
export const networkJoins = (engine: Engine, network: string, signal: AbortSignal) =>
  events(engine, { type: ['network'], event: ['connect'], network: [network] }, signal);

/** What the engine tells of each event that passes the filters. Ends with its signal, and with the engine. */
async function* events(
  engine: Engine,
  filters: Record<string, string[]>,
  signal: AbortSignal,
): AsyncGenerator<Record<string, string>> {
  const query = { filters };
  const hangUp = new AbortController();
  const stop = () => hangUp.abort();
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) return;
    const stream = await openStream(engine, { method: 'GET', path: '/events', query, signal: hangUp.signal });
    for await (const { Actor } of followJson(stream)) if (Actor?.Attributes) yield Actor.Attributes;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    hangUp.abort();
  }
}

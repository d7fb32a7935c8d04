import { openStream } from './call-engine.js';
import type { Engine } from './connect-engine.js';
import { followJson } from './follow-json.js';

/**
 * The labels of each container that starts from now on, of those that carry all of `labels`, for whatever reason. Ends
 * with its signal, and with the engine.
 */
export async function* containerStarts(
  engine: Engine,
  labels: Record<string, string>,
  signal: AbortSignal,
): AsyncGenerator<Record<string, string>> {
  const label = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const query = { filters: { type: ['container'], event: ['start'], label } };
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

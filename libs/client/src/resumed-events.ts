import { setTimeout as delay } from 'node:timers/promises';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import pRetry from 'p-retry';
import { ApiError, UnreachableError } from './api-error.js';

type Bytes = ReadableStream<Uint8Array>;
type Open = (lastEventId: string | null) => Promise<Bytes | null>;

const pauseMs = 250;
const patience = { retries: 10, minTimeout: pauseMs, maxTimeout: 5_000 };

/**
 * The events of a stream that is opened again, from the last event that had an id, whenever it breaks off. It never
 * ends by itself: whoever reads it knows which event is the last. Throws when it cannot be opened for half a minute.
 */
export async function* resumedEvents(open: Open, signal?: AbortSignal): AsyncGenerator<EventSourceMessage, never> {
  let lastId: string | null = null;
  let stream = await open(lastId);
  for (;;) {
    for await (const event of untilBroken(stream, signal)) {
      lastId = event.id ?? lastId;
      yield event;
    }
    await delay(pauseMs, undefined, { signal });
    stream = await pRetry(() => open(lastId), { ...patience, signal, shouldRetry: ({ error }) => mayPass(error) });
  }
}

const mayPass = (error: Error) =>
  error instanceof UnreachableError || (error instanceof ApiError && (error.status >= 500 || error.status === 429));

/** The events of one connection. Its loss is its end; only an abort is thrown. */
async function* untilBroken(stream: Bytes | null, signal?: AbortSignal): AsyncGenerator<EventSourceMessage> {
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  const chunks = chunksUntilBroken(stream, signal);
  for await (const chunk of chunks) {
    parser.feed(chunk);
    yield* events.splice(0);
  }
}

async function* chunksUntilBroken(stream: Bytes | null, signal?: AbortSignal): AsyncGenerator<string> {
  if (!stream) return;
  const decoder = new TextDecoder();
  try {
    for await (const chunk of stream) yield decoder.decode(chunk, { stream: true });
  } catch {
    signal?.throwIfAborted();
  }
}

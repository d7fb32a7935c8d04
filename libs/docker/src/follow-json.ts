import { StringDecoder } from 'node:string_decoder';

/** One line of the engine's progress streams; which keys are present depends on the call. */
export interface EngineEvent {
  id?: string;
  status?: string;
  stream?: string;
  aux?: unknown;
  error?: string;
  errorDetail?: { message?: string };
  Actor?: { Attributes?: Record<string, string> };
}

/** Reads newline-separated JSON, however the bytes were cut into chunks. */
export async function* followJson(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<EngineEvent> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.write(Buffer.from(chunk))).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
  }
  if (rest.trim() !== '') yield JSON.parse(rest);
}

import { Readable } from 'node:stream';
import type { Engine } from './connect-engine.js';
import { ask, engineGone } from './engine-error.js';

export interface EngineCall {
  method: 'GET' | 'POST' | 'DELETE';
  /** Such as `/containers/json`. */
  path: string;
  query?: Record<string, unknown>;
  body?: Record<string, unknown>;
  /** A tar stream, in place of a body. */
  file?: Readable;
  signal?: AbortSignal;
}

const accepted = { 200: true, 201: true, 204: true, 304: true };

/**
 * One call to the engine; answers its JSON. Query and body are sent as they are: dockerode's own methods put the body
 * into the URL as well, where variables do not belong, and know no signal for some calls.
 */
export const callEngine = <T>(engine: Engine, call: EngineCall): Promise<T> => dial(engine, call, false) as Promise<T>;

/** One call to the engine; answers its live response. */
export async function openStream(engine: Engine, call: EngineCall): Promise<Readable> {
  const response = await dial(engine, call, true);
  if (response instanceof Readable) return response;
  throw engineGone('Docker answered without a response');
}

function dial(engine: Engine, call: EngineCall, isStream: boolean): Promise<unknown> {
  const { method, path, query = {}, body = {}, file, signal } = call;
  const options = { _query: query, _body: body };
  const request = { path: `${path}?`, method, file, options, abortSignal: signal, isStream, statusCodes: accepted };
  const response = new Promise((resolve, reject) => {
    engine.modem.dial(request, (error, result) => (error ? reject(error) : resolve(result)));
  });
  return ask(response);
}

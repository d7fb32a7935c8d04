import type { Deployment } from '@pierhead/model';

// biome-ignore lint/suspicious/noExplicitAny: a test says itself what it expects of an answer
type Body = any;

export interface Answer {
  status: number;
  headers: Headers;
  body: Body;
}

/** The API as a client without any of our code would call it. */
export interface ApiDriver {
  url: string;
  token: string;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  patch(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  delete(path: string): Promise<Answer>;
  upload(archive: Buffer, type: string): Promise<Answer>;
  raw(method: string, path: string, init?: RequestInit): Promise<Response>;
  /** Deploys and follows the event stream to the end; the deployment as it ended. */
  deploy(serviceId: string, body?: unknown): Promise<Deployment>;
  /** Follows a deployment to its end. */
  follow(deploymentId: string): Promise<Deployment>;
}

export function createApiDriver(url: string, token: string): ApiDriver {
  const raw: ApiDriver['raw'] = (method, path, init = {}) => {
    const headers = new Headers(init.headers);
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${token}`);
    return fetch(new URL(path, url), { ...init, method, headers });
  };
  const call = async (method: string, path: string, init?: RequestInit): Promise<Answer> => {
    const response = await raw(method, path, init);
    const text = await response.text();
    const json = (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text };
  };
  const json = (body: unknown, headers: Record<string, string> = {}): RequestInit =>
    body === undefined
      ? { headers }
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };

  const follow = async (deploymentId: string): Promise<Deployment> => {
    const response = await raw('GET', `/deployments/${deploymentId}/events`, { signal: AbortSignal.timeout(120_000) });
    let last: Deployment | null = null;
    for await (const { data } of events(response)) last = data as Deployment;
    if (!last) throw new Error('the event stream ended without an event');
    return last;
  };

  const driver: ApiDriver = {
    url,
    token,
    raw,
    get: (path, headers = {}) => call('GET', path, { headers }),
    post: (path, body, headers) => call('POST', path, json(body, headers)),
    patch: (path, body, headers) => call('PATCH', path, json(body, headers)),
    delete: (path) => call('DELETE', path),
    upload: (archive, type) =>
      call('POST', '/uploads', { body: new Uint8Array(archive), headers: { 'content-type': type } }),
    follow,
    async deploy(serviceId, body = {}) {
      const accepted = await driver.post(`/services/${serviceId}/deployments`, body);
      if (accepted.status !== 202) throw new Error(`not accepted: ${JSON.stringify(accepted.body)}`);
      return follow(accepted.body.id);
    },
  };
  return driver;
}

export interface ReceivedEvent {
  id: string | null;
  event: string;
  data: unknown;
}

/** The events of a stream, as they come. */
export async function* events(response: Response): AsyncGenerator<ReceivedEvent> {
  let rest = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(
        block
          .split('\n')
          .map((line): [string, string] => [
            line.slice(0, line.indexOf(':')),
            line.slice(line.indexOf(':') + 1).trim(),
          ]),
      );
      const data = fields.get('data');
      if (data !== undefined)
        yield { id: fields.get('id') ?? null, event: fields.get('event') ?? 'message', data: JSON.parse(data) };
    }
  }
}

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

const hopByHop = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** What only an edge may say; clients are not believed. `expect` has been answered by Node already. */
const edgeOnly = new Set(['expect', 'forwarded', 'x-real-ip']);
const edgePrefix = /^x-(?:forwarded|pierhead)-/;

/** The headers that an upstream gets: the client's own, without what belongs to one hop or to the edge. */
export function requestHeaders(request: IncomingMessage): IncomingHttpHeaders {
  const { headers } = request;
  const named = connectionTokens(headers.connection);
  const result: IncomingHttpHeaders = {};
  for (const name in headers) {
    if (!isForEdge(name) && !named?.has(name)) result[name] = headers[name];
  }
  result.host = headers.host;
  result['x-forwarded-for'] = clientAddress(request);
  result['x-forwarded-proto'] = 'http';
  result['x-forwarded-host'] = headers.host;
  return result;
}

/** The headers that a client gets from an upstream's answer. */
export function responseHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = connectionTokens(headers.connection);
  const result: IncomingHttpHeaders = {};
  for (const name in headers) {
    if (!hopByHop.has(name) && !name.startsWith('x-pierhead-') && !named?.has(name)) result[name] = headers[name];
  }
  return result;
}

// Servers behind CGI and WSGI see `X_Forwarded_For` as `X-Forwarded-For`.
function isForEdge(name: string) {
  const usual = name.includes('_') ? name.replaceAll('_', '-') : name;
  return hopByHop.has(usual) || edgeOnly.has(usual) || (usual.startsWith('x-') && edgePrefix.test(usual));
}

/** The header names that a Connection header declares as belonging to this hop; null when there are none. */
function connectionTokens(connection: string | string[] | undefined): Set<string> | null {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return null;
  const names = String(connection).toLowerCase().split(',');
  return new Set(names.map((name) => name.trim()).filter((name) => !endToEnd.has(name)));
}

/** Never removed on a client's or an upstream's word: what frames and routes the message. */
const endToEnd = new Set(['host', 'content-length']);

const clientAddress = (request: IncomingMessage) => (request.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d)/, '');

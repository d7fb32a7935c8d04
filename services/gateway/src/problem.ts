import { randomUUID } from 'node:crypto';
import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { hasBody } from './body-limit.js';

/** What the gateway itself has to say instead of a release. */
export interface Problem {
  status: number;
  code: string;
  detail: string;
  /** What the reader can do about it. */
  hint: string;
}

export interface ProblemPage {
  requestId: string;
  headers: Record<string, string>;
  body: string;
}

/** Draws a problem: a small page for browsers, problem+json for everyone else. */
function problemPage(problem: Problem, accept: string | undefined): ProblemPage {
  const requestId = randomUUID();
  const html = accept?.toLowerCase().includes('text/html') ?? false;
  const body = html ? htmlOf(problem, requestId) : jsonOf(problem, requestId);
  const headers: Record<string, string> = {
    'content-type': html ? 'text/html; charset=utf-8' : 'application/problem+json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'x-content-type-options': 'nosniff',
    vary: 'accept',
  };
  if (problem.status === 503) headers['retry-after'] = '2';
  return { requestId, headers, body };
}

/**
 * Answers with a problem, unless an answer is already on its way: then the connection is cut, so that nobody takes
 * half an answer for a whole one.
 * @returns the request id that the reader was told
 */
export function sendProblem(request: IncomingMessage, response: ServerResponse, problem: Problem): string {
  const page = problemPage(problem, request.headers.accept);
  if (response.headersSent) {
    response.destroy();
    return page.requestId;
  }
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  // A body that nobody reads would otherwise have to be swallowed before the next request.
  if (hasBody(request) && !request.complete) response.setHeader('connection', 'close');
  response.writeHead(problem.status, page.headers);
  response.end(request.method === 'HEAD' ? undefined : page.body);
  return page.requestId;
}

/** A response on a socket that Node handed over for an upgrade. */
export function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  // Node's types ask for a net.Socket; any duplex serves.
  response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0]);
  response.on('finish', () => socket.end());
  return response;
}

const titleOf = (problem: Problem) => STATUS_CODES[problem.status] ?? 'Error';

function jsonOf(problem: Problem, requestId: string) {
  const { status, code, detail, hint } = problem;
  return JSON.stringify({ type: 'about:blank', title: titleOf(problem), status, detail, code, hint, requestId });
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] ?? '');

const htmlOf = (problem: Problem, requestId: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${problem.status} ${escaped(titleOf(problem))}</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 36rem; margin: 15vh auto; padding: 0 1.5rem }
  h1 { font-size: 1.5rem } small { opacity: .7 }
</style>
<h1>${problem.status} ${escaped(titleOf(problem))}</h1>
<p>${escaped(problem.detail)}</p>
<p>${escaped(problem.hint)}</p>
<p><small>${escaped(problem.code)} · ${requestId}</small></p>
</html>
`;

import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface GitServerOptions {
  /** Everything is refused without these credentials. */
  auth?: { username: string; password: string };
  /** Speaks protocol version 0 only, which hands out branch tips and tags but no other commit. */
  tipsOnly?: boolean;
}

/** Answers one request with `git http-backend`, run as a CGI program over the repositories in `root`. */
export function bridgeToGit(root: string, options: GitServerOptions, request: IncomingMessage, reply: ServerResponse) {
  if (!isWelcome(request, options)) {
    reply.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    return;
  }
  const child = spawn('git', ['http-backend'], { env: cgiVariables(root, options, request) });
  child.on('error', () => reply.destroy());
  child.stdin.on('error', () => undefined);
  child.stderr.resume();
  request.pipe(child.stdin);
  reply.on('close', () => child.kill());
  let head = Buffer.alloc(0);
  child.stdout.on('data', function onHead(chunk: Buffer) {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    child.stdout.off('data', onHead);
    writeHead(reply, head.subarray(0, end).toString('latin1'));
    reply.write(head.subarray(end + 4));
    child.stdout.pipe(reply);
  });
}

function isWelcome(request: IncomingMessage, { auth }: GitServerOptions): boolean {
  if (!auth) return true;
  const expected = Buffer.from(`${auth.username}:${auth.password}`).toString('base64');
  return request.headers.authorization === `Basic ${expected}`;
}

function cgiVariables(root: string, options: GitServerOptions, request: IncomingMessage): NodeJS.ProcessEnv {
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
  const header = (name: string) => request.headers[name]?.toString() ?? '';
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    GIT_PROTOCOL: options.tipsOnly ? '' : header('git-protocol'),
    PATH_INFO: decodeURIComponent(pathname),
    QUERY_STRING: search.slice(1),
    REQUEST_METHOD: request.method ?? 'GET',
    CONTENT_TYPE: header('content-type'),
    ...(header('content-length') ? { CONTENT_LENGTH: header('content-length') } : {}),
    HTTP_CONTENT_ENCODING: header('content-encoding'),
    REMOTE_ADDR: '127.0.0.1',
  };
}

function writeHead(reply: ServerResponse, head: string): void {
  for (const line of head.split('\r\n')) {
    const [name = '', value = ''] = line.split(/:\s*/, 2);
    if (name.toLowerCase() === 'status') reply.statusCode = Number.parseInt(value, 10);
    else reply.setHeader(name, value);
  }
}

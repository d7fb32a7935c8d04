import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const connections = 16;

/**
 * The milliseconds that `requests` GETs of one URL take over 16 kept connections, each with one request at a time.
 * It counts bytes instead of reading HTTP, so that the server is what is measured: every answer must have one length.
 */
export async function load(url: string, headers: Record<string, string>, requests: number): Promise<number> {
  const { hostname, port } = new URL(url);
  const request = requestOf(url, headers);
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(Number(port), hostname)));
  try {
    const length = await lengthOf(sockets[0]!, request, url);
    let left = requests;
    const started = performance.now();
    await Promise.all(sockets.map((socket) => work(socket, request, length, () => left-- > 0)));
    return performance.now() - started;
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** The milliseconds that this share of GETs of one URL do not exceed, one after the other over one connection. */
export async function slowest(
  url: string,
  headers: Record<string, string>,
  requests: number,
  share: number,
): Promise<number> {
  const { hostname, port } = new URL(url);
  const request = requestOf(url, headers);
  const socket = await open(Number(port), hostname);
  try {
    const length = await lengthOf(socket, request, url);
    const took: number[] = [];
    let begun = performance.now();
    await work(socket, request, length, () => {
      const now = performance.now();
      took.push(now - begun);
      begun = now;
      return took.length <= requests;
    });
    return took.sort((a, b) => a - b)[Math.floor(requests * share)]!;
  } finally {
    socket.destroy();
  }
}

function requestOf(url: string, headers: Record<string, string>): string {
  const { pathname, search, host } = new URL(url);
  const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

async function open(port: number, host: string): Promise<Socket> {
  const socket = connect({ port, host, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** The bytes of one whole answer, head and body. */
async function lengthOf(socket: Socket, request: string, url: string): Promise<number> {
  socket.write(request);
  let seen = '';
  for (;;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    seen += chunk.toString('latin1');
    const head = seen.indexOf('\r\n\r\n') + 4;
    const body = Number(/content-length: (\d+)/i.exec(seen)?.[1] ?? Number.NaN);
    if (!seen.startsWith('HTTP/1.1 200')) throw new Error(`${url} answered ${seen.slice(0, 80)}`);
    if (head > 3 && seen.length >= head + body) return head + body;
  }
}

function work(socket: Socket, request: string, length: number, more: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let missing = 0;
    const next = () => {
      if (!more()) return finish();
      missing = length;
      socket.write(request);
    };
    const onData = (chunk: Buffer) => {
      missing -= chunk.length;
      if (missing === 0) next();
      else if (missing < 0) reject(new Error('an answer was longer than the first one'));
    };
    const finish = () => {
      socket.off('data', onData);
      resolve();
    };
    socket.on('data', onData);
    socket.once('error', reject);
    next();
  });
}

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { createApp } from '../e2e/scenarios.js';
import type { FaultStack } from './fault-stack.js';

/** A service that answers slowly, takes uploads and WebSockets, and ends at once when it is asked to. */
export interface BusyService {
  id: string;
  hostname: string;
  deploy(version: string): Promise<{ status: string; error: unknown }>;
}

/** Everybody who uses a service at once. */
export interface Crowd {
  /** Each kind of use, how often it went well, and every time that it did not. */
  leave(): Promise<{ done: Record<string, number>; wrong: string[]; wentAway: number }>;
}

const slowMs = 1_200;
const uploadBytes = 1_000_000;

const files = {
  Dockerfile: 'FROM node:20-slim\nWORKDIR /app\nCOPY . .\nCMD ["node", "server.mjs"]\n',
  'server.mjs': `import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
const { VERSION, PORT } = process.env;
const server = createServer(async (request, response) => {
  let bytes = 0;
  for await (const chunk of request) bytes += chunk.length;
  if (request.url === '/slow') await new Promise((resolve) => setTimeout(resolve, ${slowMs}));
  response.end(request.method === 'POST' ? String(bytes) : VERSION);
});
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(VERSION + ' ' + data)));
server.listen(PORT);
process.on('SIGTERM', () => process.exit());
`,
};

/** Creates the service and makes its first release live. */
export async function createBusyService(stack: FaultStack, delivery: Record<string, unknown>): Promise<BusyService> {
  const name = `busy-${process.pid}`;
  const { id } = await createApp(
    stack,
    name,
    { ...files, ...(await webSocketLibrary()) },
    {
      runtimeConfig: { port: 8000, replicas: 2, healthCheck: { path: '/' } },
      variables: { VERSION: 'first' },
      delivery,
    },
  );
  const service: BusyService = {
    id,
    hostname: `${name}.localhost`,
    async deploy(version) {
      const patched = await stack.api.patch(`/services/${id}`, { variables: { VERSION: version } });
      if (patched.status !== 200) throw new Error(JSON.stringify(patched.body));
      return stack.api.deploy(id);
    },
  };
  const first = await service.deploy('first');
  if (first.status !== 'succeeded') throw new Error(`the first release did not come: ${JSON.stringify(first)}`);
  return service;
}

/** The files of `ws`, as they would lie in the app's own node_modules. */
async function webSocketLibrary(): Promise<Record<string, string>> {
  const folder = dirname(createRequire(import.meta.url).resolve('ws/package.json'));
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.(?:m?js|json)$/.test(name));
  const read = names.map(async (name) => [`node_modules/ws/${name}`, await readFile(join(folder, name), 'utf8')]);
  return Object.fromEntries(await Promise.all(read));
}

/** Uses the service in every way until told to leave: each use comes straight after the one before. */
export function startCrowd({ gatewayUrl }: FaultStack, hostname: string): Crowd {
  const agent = new Agent({ keepAlive: true });
  const { hostname: host, port } = new URL(gatewayUrl);
  const place = { host, port, headers: { host: hostname } };
  const uses: Record<string, () => Promise<void>> = {
    quick: () => expectAnswer(request({ ...place, agent }), (asked) => void asked.end()),
    'quick on a new connection': () => expectAnswer(request({ ...place, agent: false }), (asked) => void asked.end()),
    slow: () => expectAnswer(request({ ...place, agent, path: '/slow' }), (asked) => void asked.end()),
    upload: () => expectAnswer(request({ ...place, agent, method: 'POST' }), sendSlowly, uploadBytes),
  };
  const done: Record<string, number> = {};
  const wrong: string[] = [];
  let wentAway = 0;
  let leaving = false;
  const repeatedly = async (name: string, use: () => Promise<void>) => {
    while (!leaving) {
      const began = new Date().toISOString();
      try {
        await use();
        done[name] = (done[name] ?? 0) + 1;
      } catch (error) {
        wrong.push(`${began} ${name}: ${(error as Error).message}`);
      }
      await delay(20);
    }
  };
  const talk = async () => {
    const code = await talkUntilClosed(`ws://${host}:${port}`, hostname, () => leaving);
    if (code === goingAway) wentAway += 1;
    else if (code !== 1000) throw new Error(`closed with ${code}`);
  };
  const running = Promise.all([
    ...Object.entries(uses).map(([name, use]) => repeatedly(name, use)),
    repeatedly('web socket', talk),
  ]);
  return {
    async leave() {
      leaving = true;
      await running;
      agent.destroy();
      return { done, wrong, wentAway };
    },
  };
}

const goingAway = 1001;

async function expectAnswer(
  asked: ClientRequest,
  send: (asked: ClientRequest) => unknown,
  bytes?: number,
): Promise<void> {
  const answered = once(asked, 'response') as Promise<[IncomingMessage]>;
  await Promise.all([answered, send(asked)]);
  const [answer] = await answered;
  const chunks = await answer.toArray();
  const text = Buffer.concat(chunks).toString();
  if (answer.statusCode !== 200 || (bytes && text !== String(bytes))) throw new Error(`${answer.statusCode} ${text}`);
}

async function sendSlowly(asked: ClientRequest): Promise<void> {
  const piece = randomBytes(uploadBytes / 10);
  for (let sent = 0; sent < uploadBytes; sent += piece.length) {
    asked.write(piece);
    await delay(50);
  }
  asked.end();
}

/** Sends and awaits its echo, over and over. Answers the code that the WebSocket was closed with. */
async function talkUntilClosed(url: string, hostname: string, leaving: () => boolean): Promise<number> {
  const socket = new WebSocket(url, { headers: { host: hostname } });
  const closed = once(socket, 'close').then(([code]) => code as number);
  await once(socket, 'open');
  for (let number = 0; socket.readyState === WebSocket.OPEN && !leaving(); number += 1) {
    const heard = once(socket, 'message').then(([data]) => String(data));
    socket.send(String(number));
    const answer = await Promise.race([heard, closed]);
    if (typeof answer === 'string' && !answer.endsWith(` ${number}`)) throw new Error(`heard ${answer}`);
    await delay(50);
  }
  if (leaving()) socket.close(1000);
  return closed;
}

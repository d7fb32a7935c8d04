import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Test } from 'tap';

/** Stands between workers and a Docker engine, and holds calls that a test wants held. */
export interface EngineProxy {
  dockerHost: string;
  /** @param call matched against the method and the path with its query, such as `POST /containers/create?name=…` */
  hold(call: RegExp): HeldCall;
}

export interface HeldCall {
  /** Whether a call has come since. */
  readonly came: boolean;
  /** Lets it through to the engine, whether its caller still lives or not. Later calls pass. */
  deliver(): void;
  /** The engine never hears of it. Later calls pass. */
  drop(): void;
  /** Later calls pass, this one only once it is delivered. */
  letLaterPass(): () => void;
}

interface Rule extends HeldCall {
  call: RegExp;
  came: boolean;
  verdict: Promise<'deliver' | 'drop'>;
}

export async function startEngineProxy(t: Test, enginePath: string, proxyPath: string): Promise<EngineProxy> {
  const rules = new Set<Rule>();
  const sockets = new Set<Socket>();
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing, enginePath, rules));
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (incoming, socket, head) => tunnel(incoming, socket, head, enginePath));
  server.listen(proxyPath);
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    dockerHost: `unix://${proxyPath}`,
    hold(call) {
      let decide: (verdict: 'deliver' | 'drop') => void = () => {};
      const verdict = new Promise<'deliver' | 'drop'>((resolve) => {
        decide = resolve;
      });
      const end = (how: 'deliver' | 'drop') => () => {
        rules.delete(rule);
        decide(how);
      };
      const letLaterPass = () => {
        rules.delete(rule);
        return rule.deliver;
      };
      const rule: Rule = { call, came: false, verdict, deliver: end('deliver'), drop: end('drop'), letLaterPass };
      rules.add(rule);
      return rule;
    },
  };
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, socketPath: string, rules: Set<Rule>) {
  const { method, url: path, headers } = incoming;
  const rule = [...rules].find(({ call }) => call.test(`${method} ${path}`));
  let body: Buffer | null = null;
  if (rule) {
    body = Buffer.concat(await incoming.toArray().catch(() => []));
    rule.came = true;
    if ((await rule.verdict) === 'drop') return void outgoing.destroy();
  }
  const asked = request({ socketPath, method, path, headers }, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.on('error', () => outgoing.destroy());
    response.pipe(outgoing);
  });
  asked.on('error', () => outgoing.destroy());
  // A caller that goes away takes its call with it, as it would without a proxy; a held one is on its way already.
  if (!rule) outgoing.on('close', () => asked.destroy());
  if (body) asked.end(body);
  else incoming.pipe(asked);
}

function tunnel(incoming: IncomingMessage, socket: Duplex, head: Buffer, enginePath: string): void {
  const engine = connect(enginePath);
  const lines = incoming.rawHeaders.flatMap((text, index) =>
    index % 2 ? [] : [`${text}: ${incoming.rawHeaders[index + 1]}`],
  );
  engine.write(`${[`${incoming.method} ${incoming.url} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`);
  engine.write(head);
  engine.pipe(socket).pipe(engine);
  for (const side of [engine, socket]) side.on('error', () => [engine, socket].forEach((each) => void each.destroy()));
}

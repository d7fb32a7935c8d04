import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to a database that counts what goes through it. */
export interface Counted {
  url: string;
  /** Statements so far: executions of prepared ones, and simple queries such as `begin`. */
  count(): number;
  close(): void;
}

/** Puts itself before a database. It reads the frames of PostgreSQL's protocol and passes all bytes on as they are. */
export async function countQueries(databaseUrl: string): Promise<Counted> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let total = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const read = frames((type) => {
      if (type === 'E' || type === 'Q') total += 1;
    });
    client.on('data', read);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one.setNoDelay(true));
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => sockets.delete(one));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as { port: number }).port);
  return {
    url: url.href,
    count: () => total,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Tells the type of each message; the first one of a connection has none. */
function frames(onFrame: (type: string) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  let typed = 0;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= typed + 4) {
      const end = typed + rest.readInt32BE(typed);
      if (rest.length < end) return;
      if (typed) onFrame(String.fromCharCode(rest[0]!));
      rest = rest.subarray(end);
      typed = 1;
    }
  };
}

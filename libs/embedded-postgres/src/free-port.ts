import { once } from 'node:events';
import { createServer } from 'node:net';
import { UserError } from '@pierhead/model';

/** A TCP port of 127.0.0.1 that nobody listens on; `wanted` itself, or throws `port_taken`. */
export async function freePort(wanted = 0): Promise<number> {
  const server = createServer();
  server.listen(wanted, '127.0.0.1');
  await once(server, 'listening').catch((cause) => {
    throw new UserError('port_taken', `The embedded PostgreSQL cannot listen on port ${wanted}: it is in use.`, {
      hint: 'Stop what listens there, or choose another port.',
      cause,
    });
  });
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : wanted;
}

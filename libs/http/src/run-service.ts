import { messageOf } from '@pierhead/model';
import closeWithGrace from 'close-with-grace';

interface Service {
  url: string;
  close(): Promise<void>;
}

const graceMs = 10_000;

/** Runs a service as this process: stops it in order on a signal, and exits with 1 and one sentence when it cannot start. */
export async function runService(start: () => Promise<Service>): Promise<void> {
  try {
    const service = await start();
    closeWithGrace({ delay: graceMs, logger: false }, async ({ err }) => {
      if (err) process.stderr.write(`${err.stack}\n`);
      await service.close();
    });
  } catch (error) {
    process.stderr.write(`${startFailure(error)}\n`);
    process.exit(1);
  }
}

/** Why a service did not start, as a sentence for its operator. */
export function startFailure(error: unknown): string {
  const { code, address, port } = error as { code?: string; address?: string; port?: number };
  if (code === 'EADDRINUSE') return `Port ${port} on ${address} is taken: stop what uses it, or set another port.`;
  if (code === 'EACCES' && port !== undefined)
    return `Port ${port} on ${address} needs more rights: set a port above 1023.`;
  return messageOf(error);
}

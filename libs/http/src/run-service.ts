import { messageOf } from '@pierhead/model';
import closeWithGrace from 'close-with-grace';

interface Service {
  url: string;
  /** Takes in what has changed outside, without an interruption. */
  reload?(): Promise<unknown>;
  close(): Promise<void>;
}

interface Settings {
  /** How long it may take to end in order. */
  shutdownGraceSeconds: number;
}

/**
 * Runs a service as this process: stops it in order on a signal, at once when the grace is over or on a second
 * signal, and exits with 1 and one sentence when it cannot start. SIGHUP reloads a service that can.
 */
export async function runService<C extends Settings>(
  read: () => C | Promise<C>,
  start: (config: C) => Promise<Service>,
): Promise<void> {
  try {
    const config = await read();
    const service = await start(config);
    if (service.reload) reloadOnHangUp(service.reload);
    const skip = service.reload ? ['SIGHUP' as const] : [];
    const delay = config.shutdownGraceSeconds * 1_000;
    const onTimeout = () => process.stderr.write(`It did not end in order within ${delay / 1_000} s.\n`);
    closeWithGrace({ delay, logger: false, skip, onTimeout }, async ({ err }) => {
      if (err) process.stderr.write(`${err.stack}\n`);
      await service.close();
    });
  } catch (error) {
    process.stderr.write(`${startFailure(error)}\n`);
    process.exit(1);
  }
}

/** A reload that fails leaves everything as it was. */
function reloadOnHangUp(reload: () => Promise<unknown>): void {
  process.on('SIGHUP', () => {
    reload().catch((error: unknown) => process.stderr.write(`The reload failed: ${messageOf(error)}\n`));
  });
}

/** Why a service did not start, as a sentence for its operator. */
export function startFailure(error: unknown): string {
  const { code, address, port } = error as { code?: string; address?: string; port?: number };
  if (code === 'EADDRINUSE') return `Port ${port} on ${address} is taken: stop what uses it, or set another port.`;
  if (code === 'EACCES' && port !== undefined)
    return `Port ${port} on ${address} needs more rights: set a port above 1023.`;
  return messageOf(error);
}

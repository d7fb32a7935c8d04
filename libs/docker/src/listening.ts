import { readFile } from 'node:fs/promises';

export interface ListeningSocket {
  port: number;
  /** Reached from within its container alone. */
  loopback: boolean;
}

const listening = '0A';
const loopbacks = /^(?:[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F)$/;

/**
 * Where the processes of a container listen for TCP, by the kernel's tables; null where these are out of sight, as they
 * are in another machine's engine or for a worker in a container.
 */
export async function listeningSockets({ id, pid }: { id: string; pid: number }): Promise<ListeningSocket[] | null> {
  try {
    // Elsewhere the same number is another process.
    if (pid <= 0 || !(await readFile(`/proc/${pid}/cgroup`, 'utf8')).includes(id)) return null;
    const table = (name: string) => readFile(`/proc/${pid}/net/${name}`, 'utf8');
    // There is no second one where the kernel has no IPv6.
    return [await table('tcp'), await table('tcp6').catch(() => '')].flatMap(socketsIn);
  } catch {
    return null;
  }
}

/** Of each line: a number, the local address and port in hexadecimal, the remote ones, the state. */
export function socketsIn(table: string): ListeningSocket[] {
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listening)
    .map(([, local = '']) => {
      const [address = '', port = ''] = local.split(':');
      return { port: Number.parseInt(port, 16), loopback: loopbacks.test(address) };
    });
}

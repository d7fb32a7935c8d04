import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { stopOrder } from './layout.js';
import type { Order, RoleUrls } from './messages.js';
import type { SupervisedProcess } from './supervised-process.js';

type StartOrder = Omit<Extract<Order, { kind: 'start' }>, 'kind'>;

/** After a crash, the processes of the run before may hold their ports for this long. */
const leftoverLimitMs = 6_000;

/**
 * Brings the database to its schema, then starts every role; answers once all are ready.
 * @param afterCrash tries taken ports again for a while
 */
export async function beginProcesses(
  processes: readonly SupervisedProcess[],
  order: StartOrder,
  afterCrash: boolean,
  signal: AbortSignal,
): Promise<RoleUrls> {
  const limit = Date.now() + (afterCrash ? leftoverLimitMs : 0);
  const aborted = once(signal, 'abort').then(() => signal.throwIfAborted());
  aborted.catch(() => {});
  await Promise.race([
    aborted,
    processes[0]?.ask({ kind: 'migrate', databaseUrl: order.config.databaseUrl }, 'migrated'),
  ]);
  const begin = async (each: SupervisedProcess): Promise<RoleUrls> => {
    try {
      return await each.begin({ kind: 'start', ...order });
    } catch (error) {
      if ((error as { code?: string }).code !== 'port_taken' || Date.now() > limit) throw error;
      await delay(200);
      await each.renew();
      return begin(each);
    }
  };
  const urls = await Promise.race([aborted, Promise.all(processes.map(begin))]);
  return Object.assign({}, ...(urls ?? []));
}

/** Stops the roles in their order, then ends whatever process is left when the time is over. */
export async function stopProcesses(processes: readonly SupervisedProcess[], limitMs: number): Promise<void> {
  const end = Date.now() + limitMs;
  for (const each of processes) each.retire();
  for (const role of stopOrder) {
    const holder = processes.find((each) => each.spec.roles.includes(role));
    await holder?.stopRole(role, end - Date.now());
  }
  await Promise.all(processes.map((each) => each.end(end - Date.now())));
}

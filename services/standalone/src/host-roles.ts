import { setTimeout as delay } from 'node:timers/promises';
import { stopAbandonedPostgres } from '@pierhead/embedded-postgres';
import { noticeOfFailure } from './failure-notice.js';
import { ownerOf } from './folder-lock.js';
import type { Notice, Order, RoleUrls } from './messages.js';
import type { Role, RunningRole } from './roles.js';

type StartOrder = Extract<Order, { kind: 'start' }>;

/** How long the roles have to end once the supervisor has died. */
const abandonedLimitMs = 2_000;

/** Runs roles in this process as the supervisor orders, and ends with it. SIGHUP reloads those that can. */
export function hostRoles(table: Readonly<Record<string, Role>>, names: readonly string[]): void {
  const supervisor = process.ppid;
  const running = new Map<string, RunningRole>();
  let started: StartOrder | undefined;
  // Loading is most of a start, and needs no database: it begins at once.
  const loading = names.map(async (name) => ({ name, role: find(table, name), start: await find(table, name).load() }));

  const start = async (order: StartOrder) => {
    started = order;
    const urls: RoleUrls = {};
    for (const { name, role, start } of await Promise.all(loading)) {
      const open = await start(order.config).catch((error) => fail(error, role.portVariable));
      running.set(name, open);
      urls[name] = open.url;
    }
    await say({ kind: 'ready', urls });
  };

  const stop = async (name: string) => {
    const open = running.get(name);
    running.delete(name);
    await open?.close();
    await say({ kind: 'stopped', role: name });
    if (running.size === 0) process.exit(0);
  };

  const obey = (order: Order) => {
    if (order.kind === 'migrate') return migrate(order.databaseUrl);
    return order.kind === 'stop' ? stop(order.role) : start(order);
  };

  process.on('message', (order: Order) => void obey(order).catch((error) => fail(error)));
  process.on('SIGHUP', () => {
    for (const role of running.values()) role.reload?.().catch((error) => console.error(error));
  });
  process.on('disconnect', () => void abandon([...running.values()], supervisor, started));
}

async function migrate(databaseUrl: string): Promise<void> {
  const { migrate } = await import('@pierhead/database');
  await migrate(databaseUrl);
  await say({ kind: 'migrated' });
}

/** The supervisor has died: nothing may be left running, the database included. */
async function abandon(open: readonly RunningRole[], supervisor: number, started?: StartOrder): Promise<void> {
  const closing = Promise.allSettled(open.map((role) => role.close()));
  await Promise.race([closing, delay(abandonedLimitMs)]);
  // Unless another supervisor has taken it over meanwhile.
  if (started?.postgresDir && (await ownerOf(started.lockFile)) === supervisor) {
    await stopAbandonedPostgres(started.postgresDir);
  }
  // The whole group, for what the roles have started.
  process.kill(-process.pid, 'SIGKILL');
}

async function fail(error: unknown, portVariable?: string): Promise<never> {
  console.error(error);
  await say(noticeOfFailure(error, portVariable));
  process.exit(1);
}

function find(table: Readonly<Record<string, Role>>, name: string): Role {
  const role = Object.hasOwn(table, name) ? table[name] : undefined;
  if (!role) throw new Error(`There is no role "${name}".`);
  return role;
}

function say(notice: Notice): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(notice, undefined, undefined, () => resolve());
    else resolve();
  });
}

import type { Test } from 'tap';
import type { FaultStack } from './fault-stack.js';
import { wait } from './patience.js';
import { startVisitors, type Visitors } from './visitors.js';

/** A service whose deployments can be held in any stage, with people who visit it. */
export interface GatedService {
  id: string;
  name: string;
  hostname: string;
  visitors: Visitors;
  /** Gives it new content and asks for a deployment; answers its id at once. */
  deploy(content: string): Promise<string>;
}

export interface GatedOptions {
  delivery?: Record<string, unknown>;
}

let counter = 0;

/** Creates a service and makes its first release live. */
export async function createGatedService(stack: FaultStack, { delivery }: GatedOptions = {}): Promise<GatedService> {
  const name = `gated-${++counter}`;
  const first = `${name} first`;
  const created = await stack.api.post('/services', {
    name,
    providerId: 'gated',
    builderId: 'gated',
    runtimeId: 'gated',
    providerConfig: { gate: name, content: first },
    builderConfig: { gate: name },
    ...(delivery ? { delivery } : {}),
  });
  if (created.status !== 201) throw new Error(`not created: ${JSON.stringify(created.body)}`);
  const { id } = created.body as { id: string };
  const ended = await stack.api.deploy(id);
  if (ended.status !== 'succeeded') throw new Error(`the first release did not come: ${JSON.stringify(ended)}`);
  const hostname = `${name}.localhost`;
  const visitors = startVisitors(stack.gatewayUrl, hostname, [first]);
  return {
    id,
    name,
    hostname,
    visitors,
    async deploy(content) {
      visitors.expect(content);
      const patched = await stack.api.patch(`/services/${id}`, { providerConfig: { content } });
      if (patched.status !== 200) throw new Error(`not changed: ${JSON.stringify(patched.body)}`);
      return requestDeployment(stack, id);
    },
  };
}

export async function requestDeployment(stack: Pick<FaultStack, 'api'>, serviceId: string): Promise<string> {
  const accepted = await stack.api.post(`/services/${serviceId}/deployments`, {});
  if (accepted.status !== 202) throw new Error(`not accepted: ${JSON.stringify(accepted.body)}`);
  return accepted.body.id;
}

export interface Ended {
  id: string;
  status: string;
  error: { code: string; message: string } | null;
  leaseEpoch: number;
  switched: boolean;
}

/** Waits until the service's visitors have left; fails the test with what they saw. */
export async function assertVisitorsContent(t: Test, services: GatedService[]): Promise<void> {
  for (const { visitors } of services) {
    const { asked, wrong } = await visitors.leave();
    t.ok(asked > 0, 'somebody asked');
    t.same(wrong, [], 'no visitor saw anything but a live release');
  }
}

/** The deployment's row once its status is final. */
export function ended({ sql }: FaultStack, id: string, limitMs = 120_000): Promise<Ended> {
  return wait(
    `deployment ${id} has ended`,
    async () => {
      const [row] = await sql<Ended[]>`
      select id, status, error, lease_epoch as "leaseEpoch", switched_at is not null as switched from deployments
      where id = ${id} and status not in ('queued', 'running')`.catch(() => []);
      return row;
    },
    limitMs,
  ).catch(async (error: Error) => {
    throw new Error(`${error.message}\n${await circumstancesOf(sql, id)}`);
  });
}

/** What keeps a deployment from its end, as far as the database knows. */
async function circumstancesOf(sql: FaultStack['sql'], id: string): Promise<string> {
  const rows = [
    ...(await sql`
      select status, stage, attempt, retries, lease_owner, lease_epoch, lease_until - now() as lease, not_before - now() as paused,
        now() - dispatched_at as dispatched, dispatched_to, switched_at, error from deployments where id = ${id}`),
    ...(await sql`select id, running, slots, refusal, now() - last_heartbeat_at as silent from workers`),
    ...(await sql`
      select pid, application_name, state, wait_event, now() - xact_start as open, left(query, 120) as query, pg_blocking_pids(pid) as behind
      from pg_stat_activity where state <> 'idle' and pid <> pg_backend_pid()`),
  ];
  return rows.map((row) => JSON.stringify(row)).join('\n');
}

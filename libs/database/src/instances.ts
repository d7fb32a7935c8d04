import type { Database } from './connect.js';
import { isId } from './ids.js';
import { gatewaySilence } from './routes.js';

/** What deployments have running. */
export function instanceRepository({ sql: raw }: Database) {
  return {
    /**
     * Of these deployments, the ones of which nothing should run any more. What belongs to a service and environment
     * in which a deployment runs, or is live and waits for a worker, is left to that worker, what a removed service has to the one that clears
     * it: while two stop the same, its image is in use. What a gateway has not ended with may go on.
     */
    async strays(deploymentIds: readonly string[]): Promise<string[]> {
      const ids = deploymentIds.filter(isId);
      if (ids.length === 0) return [];
      const rows = await raw<{ id: string }[]>`
        select asked.id::text as id from unnest(${raw.array(ids)}::uuid[]) as asked(id)
        where not exists (select 1 from releases r where r.deployment_id = asked.id)
          and not exists (select 1 from gateways g where g.draining ? asked.id::text and g.last_heartbeat_at > now() - ${gatewaySilence}::interval)
          and not exists (
            select 1 from deployments d join services s on s.id = d.service_id
            where d.id = asked.id and (d.status in ('queued', 'running') or s.deleted_at is not null or exists (
              select 1 from deployments o where o.service_id = d.service_id and o.environment = d.environment
                and (o.status = 'running' or (o.status = 'queued' and o.switched_at is not null)))))`;
      return rows.map((row) => row.id);
    },
  };
}

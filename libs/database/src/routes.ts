import {
  type Answered,
  defaultDrainSeconds,
  type Look,
  type Route,
  type Traffic,
  type Upstream,
} from '@pierhead/model';
import { eq } from 'drizzle-orm';
import type { Database } from './connect.js';
import { production } from './deployments.js';
import { later } from './later.js';
import { listen } from './listen.js';
import { addingUp, finestStep, stepOf } from './samples.js';
import { gateways } from './tables.js';

/** The route table at one moment; `version` is the newest switch that it holds. */
export interface RouteTable {
  version: number;
  routes: Route[];
}

interface ReleaseRow {
  serviceId: string;
  environment: string;
  deploymentId: string;
  upstreams: Upstream[];
  look: Look | null;
  version: string;
  name: string;
  hostnames: string[];
  drainSeconds: number;
}

/** What a gateway has not done yet of a route table. */
export interface RouteState {
  /** The deployments that are no longer served, and that something is still under way to. */
  draining: string[];
  /** The deployments that are not served yet, and why not; null while it still looks. */
  withheld: Record<string, string | null>;
}

/** A gateway that has said nothing for longer is gone. */
export const gatewaySilence = '25 seconds';

/** The hostname that every service answers at, without asking for one. */
export function hostnameOf(name: string, environment: string, baseDomain: string): string {
  return environment === production ? `${name}.${baseDomain}` : `${name}--${environment}.${baseDomain}`;
}

/** How a gateway follows the route table, and tells what it serves. */
export function routeSource(database: Database, { gatewayId, baseDomain }: { gatewayId: string; baseDomain: string }) {
  const { orm, sql: raw } = database;
  return {
    async load(): Promise<RouteTable> {
      const rows = await raw<ReleaseRow[]>`
        select r.service_id as "serviceId", r.environment, r.deployment_id as "deploymentId", r.upstreams, r.version, s.name,
          d.instance->'look' as look,
          coalesce((s.delivery->>'drainSeconds')::int, ${defaultDrainSeconds}) as "drainSeconds",
          array(select h.hostname from hostnames h where h.service_id = r.service_id and r.environment = ${production}) as hostnames
        from releases r join services s on s.id = r.service_id join deployments d on d.id = r.deployment_id
        where s.deleted_at is null order by s.id desc`;
      // Where two claim one hostname, the older service has it: the last one counts.
      const routes = rows.flatMap(({ name, hostnames, version: _, ...target }) =>
        [hostnameOf(name, target.environment, baseDomain), ...hostnames].map((hostname) => ({ hostname, ...target })),
      );
      return { version: Math.max(0, ...rows.map((row) => Number(row.version))), routes };
    },

    subscribe: (onChange: () => void) => listen(database, 'routes', onChange, onChange),

    /**
     * Says that this gateway lives and serves everything up to `version`, but for the deployments that it withholds, and
     * which ones it has not ended with.
     */
    async acknowledge(version: number, { draining, withheld }: RouteState): Promise<void> {
      await raw`
        with silent as (delete from gateways where last_heartbeat_at < now() - interval '1 minute' and id <> ${gatewayId})
        insert into gateways (id, routes_version, draining, withheld, last_heartbeat_at)
        select ${gatewayId}, ${version}, ${JSON.stringify(draining)}::jsonb, ${JSON.stringify(withheld)}::jsonb, now()
        from ${raw.unsafe(later)}
        on conflict (id) do update set routes_version = excluded.routes_version, draining = excluded.draining,
          withheld = excluded.withheld, last_heartbeat_at = excluded.last_heartbeat_at`;
    },

    /** Adds to what was answered for each deployment, in all and in this step of time. */
    async report(answered: readonly Answered[]): Promise<void> {
      await raw`
        with answered as (
          select d.id, d.service_id, d.environment, t.* from jsonb_to_recordset(${JSON.stringify(answered)}::jsonb)
            as t("deploymentId" uuid, requests bigint, failures bigint, responses int[], durations int[])
          join deployments d on d.id = t."deploymentId"),
        sampled as (
          insert into release_samples (service_id, environment, step_seconds, at, deployment_id, responses, durations)
          select service_id, environment, ${finestStep}, ${stepOf(database, raw`now()`, finestStep)}, id, responses, durations
          from answered order by id
          ${addingUp(database)})
        insert into release_traffic (deployment_id, requests, failures)
        select id, requests, failures from answered order by id
        on conflict (deployment_id) do update set requests = release_traffic.requests + excluded.requests,
          failures = release_traffic.failures + excluded.failures`;
    },

    async leave(): Promise<void> {
      await orm.delete(gateways).where(eq(gateways.id, gatewayId));
    },
  };
}

/** How a worker keeps what is live in step with where it runs. */
export function releaseRepository({ sql: raw }: Database) {
  return {
    async list(): Promise<{ deploymentId: string; upstreams: Upstream[] }[]> {
      return raw<
        { deploymentId: string; upstreams: Upstream[] }[]
      >`select deployment_id as "deploymentId", upstreams from releases`;
    },

    /** Where a deployment is served from; null while it is not live. */
    async upstreamsOf(deploymentId: string): Promise<Upstream[] | null> {
      const [row] = await raw<{ upstreams: Upstream[] }[]>`
        select upstreams from releases where deployment_id = ${deploymentId}`;
      return row?.upstreams ?? null;
    },

    /** The deployment that is live for a service in one of its environments. */
    async liveOf(serviceId: string, environment: string): Promise<string | null> {
      const [row] = await raw<{ id: string }[]>`
        select deployment_id as id from releases where service_id = ${serviceId} and environment = ${environment}`;
      return row?.id ?? null;
    },

    /** The same, where it made way for another and nothing serves. */
    async heldOf(serviceId: string, environment: string): Promise<string | null> {
      const [row] = await raw<{ id: string }[]>`
        select deployment_id as id from releases where service_id = ${serviceId} and environment = ${environment}
          and upstreams = '[]'::jsonb`;
      return row?.id ?? null;
    },

    /** The deployments that made way, and that no running one will take the place of. */
    async forsaken(): Promise<string[]> {
      const rows = await raw<{ id: string }[]>`
        select r.deployment_id as id from releases r where r.upstreams = '[]'::jsonb and not exists (
          select 1 from deployments d where d.service_id = r.service_id and d.environment = r.environment and d.status = 'running')`;
      return rows.map(({ id }) => id);
    },

    /** What the gateways have answered for a deployment since it went live. */
    async traffic(deploymentId: string): Promise<Traffic> {
      const [row] = await raw<{ requests: string; failures: string }[]>`
        select requests, failures from release_traffic where deployment_id = ${deploymentId}`;
      return { deploymentId, requests: Number(row?.requests ?? 0), failures: Number(row?.failures ?? 0) };
    },

    /** Points the route at a release's new addresses, unless another release is live by now, or it has been moved. */
    async move(deploymentId: string, from: Upstream[], to: Upstream[]): Promise<void> {
      await raw`update releases set upstreams = ${JSON.stringify(to)}::jsonb, version = nextval('release_version')
        where deployment_id = ${deploymentId} and upstreams = ${JSON.stringify(from)}::jsonb`;
    },
  };
}

export interface Progress {
  alive: number;
  /** The ids of those that do not serve it yet. */
  behind: string[];
  /** Why one of them does not. */
  refusal: string | null;
}

/** How a worker knows that every living gateway serves a release. */
export function gatewayRepository(database: Database) {
  const { sql: raw } = database;
  return {
    /** How far the living gateways are with a deployment whose route changed in `version`. */
    async progress(version: number, deploymentId: string): Promise<Progress> {
      const rows = await raw<{ id: string; behind: boolean; refusal: string | null }[]>`
        select id, routes_version < ${version} or withheld ? ${deploymentId} as behind, withheld->>${deploymentId} as refusal
        from gateways where last_heartbeat_at > now() - ${gatewaySilence}::interval order by id`;
      return {
        alive: rows.length,
        behind: rows.filter((row) => row.behind).map((row) => row.id),
        refusal: rows.find((row) => row.refusal !== null)?.refusal ?? null,
      };
    },

    /** The ids of living gateways that something is still under way through to a deployment which is no longer served. */
    async draining(deploymentId: string): Promise<string[]> {
      const rows = await raw<{ id: string }[]>`
        select id from gateways where last_heartbeat_at > now() - ${gatewaySilence}::interval and draining ? ${deploymentId}`;
      return rows.map((row) => row.id);
    },

    subscribe: (onChange: () => void) => listen(database, 'gateways', onChange, onChange),
  };
}

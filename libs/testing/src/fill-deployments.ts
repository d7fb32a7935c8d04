import type postgres from 'postgres';

/** What stands for a history of years. */
export interface History {
  deployments: number;
  services: number;
  /** Deployments of these that wait. */
  queued?: number;
}

/**
 * Fills a migrated database with ended deployments, their stages, a log chunk and lookups, as they would be after years: artifacts
 * are long gone but for the newest of each service. Triggers and foreign keys rest meanwhile.
 */
export async function fillDeployments(
  sql: postgres.Sql,
  { deployments, services, queued = 0 }: History,
): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`insert into projects (id, name) values (gen_random_uuid(), 'filled')`;
    await tx`
      insert into services (id, project_id, name, provider_id, provider_version, builder_id, builder_version, runtime_id, runtime_version,
        provider_config, builder_config, runtime_config, variables, delivery, next_number)
      select lpad(to_hex(n), 32, '0')::uuid, (select id from projects where name = 'filled'), 'filled-' || n, 'p', '1.0.0', 'b', '1.0.0', 'r', '1.0.0',
        '{}', '{}', '{}', '{}', '{"autoDeploy":true,"queuePolicy":"queue-all","keepReleases":5,"workerLabels":[]}', ${deployments + 1}
      from generate_series(1, ${services}::int) n`;
    await tx`create temporary table filled on commit drop as
      select n, (lpad(to_hex(1500000000000 + n * 1000::bigint), 12, '0') || '7000' || lpad(to_hex(n), 16, '8'))::uuid as id,
        lpad(to_hex(n % ${services} + 1), 32, '0')::uuid as service_id, n > ${deployments - queued} as queued,
        n > ${deployments - queued - services * 5} as held
      from generate_series(1, ${deployments}::int) n`;
    await tx`
      insert into deployments (id, service_id, environment, number, status, trigger, want, snapshot, revision, artifact, artifact_discarded_at,
        lease_epoch, created_at, started_at, finished_at)
      select id, service_id, 'production', n, case when queued then 'queued' when n % 10 = 0 then 'failed' else 'succeeded' end,
        '{"kind":"api","actor":"admin","event":null}', '{}',
        jsonb_build_object('serviceName', 'filled', 'providerId', 'p', 'providerVersion', '1.0.0', 'builderId', 'b', 'builderVersion', '1.0.0',
          'runtimeId', 'r', 'runtimeVersion', '1.0.0', 'providerConfig', '{}'::jsonb, 'builderConfig', '{}'::jsonb, 'runtimeConfig', '{}'::jsonb,
          'fallbackSources', '[]'::jsonb, 'variables', '{}'::jsonb, 'workerLabels', '[]'::jsonb),
        '{"id":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}',
        case when not queued then jsonb_build_object('kind', 'image', 'digest', 'sha256:' || n, 'bytes', 1) end,
        case when not queued and not held then now() end, 1, now() - interval '1 day', now() - interval '1 day',
        case when not queued then now() - interval '1 day' end
      from filled`;
    await tx`insert into stages (deployment_id, name, status, started_at, finished_at)
      select id, 'build', 'succeeded', now(), now() from filled where not queued`;
    await tx`insert into log_chunks (deployment_id, first_seq, last_seq, lines)
      select id, 1, 1, '[[0,"build","stdout","a line"]]' from filled where not queued`;
    await tx`insert into registry_lookups (deployment_id, kind, entry_id, version, found, worker_id)
      select id, 'provider', 'p', '1.0.0', true, 'w' from filled where not queued`;
    await tx`insert into releases (service_id, environment, deployment_id, upstreams, version)
      select distinct on (service_id) service_id, 'production', id, '[]'::jsonb, n from filled where not queued and n % 10 <> 0
      order by service_id, n desc`;
  });
  await sql`vacuum analyze`;
}

import type { Database } from './connect.js';

/** How much history is kept. */
export interface Retention {
  /** Of each service and environment, the newest. */
  deployments: number;
  /** Younger ones only; without it, of any age. */
  deploymentsDays?: number | undefined;
  logsDays: number;
  /** Of each service, the newest that were asked for by hand, and the newest of each schedule. */
  commands: number;
}

const batch = 200;

/** Forgets history. What is live, unfinished or has an artifact that is still there is never forgotten. */
export function retentionRepository({ sql: raw }: Database) {
  const settled = raw`
    d.status not in ('queued', 'running') and (d.artifact is null or d.artifact_discarded_at is not null)
      and not exists (select 1 from releases r where r.deployment_id = d.id)`;

  /** Ids are made of the time in milliseconds, so they are in order of age. */
  const oldest = (days: number) => raw`
    (rpad(lpad(to_hex((extract(epoch from now() - make_interval(days => ${days})) * 1000)::bigint), 12, '0'), 32, '0'))::uuid`;

  /** In small batches, until nothing is left to do or the signal fires. */
  const repeatedly = async (signal: AbortSignal, step: () => Promise<number>): Promise<number> => {
    let total = 0;
    while (!signal.aborted) {
      const count = await step();
      total += count;
      if (count < batch) break;
    }
    return total;
  };

  const forgetSurplus = async (keep: number): Promise<number> => {
    const rows = await raw`
      delete from deployments where id in (
        select old.id from services s cross join lateral (
          select d.id from deployments d join (
            select n.id from (
              select o.id, row_number() over (partition by o.environment order by o.id desc) as place
              from deployments o where o.service_id = s.id) n
            where n.place > ${keep}) surplus on surplus.id = d.id
          where ${settled} limit ${batch}) old
        limit ${batch})
      returning id`;
    return rows.length;
  };

  const forgetOld = async (days: number): Promise<number> => {
    const rows = await raw`
      delete from deployments where id in (
        select d.id from deployments d where d.id < ${oldest(days)} and ${settled} order by d.id limit ${batch})
      returning id`;
    return rows.length;
  };

  /** Steps from deployment to deployment along the key, without reading the lines. */
  const forgetLogs = async (days: number): Promise<number> => {
    const rows = await raw<{ id: string }[]>`
      with recursive logged as (
        (select deployment_id from log_chunks where deployment_id < ${oldest(days)} order by deployment_id limit 1)
        union all
        select (select l.deployment_id from log_chunks l where l.deployment_id > logged.deployment_id
          and l.deployment_id < ${oldest(days)} order by l.deployment_id limit 1)
        from logged where logged.deployment_id is not null),
      doomed as (select d.id from logged join deployments d on d.id = logged.deployment_id where ${settled} limit ${batch}),
      gone as (delete from log_chunks where deployment_id in (select id from doomed))
      select id from doomed`;
    return rows.length;
  };

  const forgetCommands = async (keep: number): Promise<number> => {
    const rows = await raw`
      delete from commands where id in (
        select old.id from services s cross join lateral (
          select n.id from (
            select c.id, c.status, row_number() over (partition by c.schedule order by c.id desc) as place
            from commands c where c.service_id = s.id) n
          where n.place > ${keep} and n.status not in ('queued', 'running') limit ${batch}) old
        limit ${batch})
      returning id`;
    return rows.length;
  };

  /** A running command may be that old; it writes on. */
  const forgetLines = async (days: number): Promise<number> => {
    const rows = await raw`
      delete from command_chunks where (command_id, first_seq) in (
        select command_id, first_seq from command_chunks where command_id < ${oldest(days)} order by command_id limit ${batch})
      returning command_id`;
    return rows.length;
  };

  return {
    async forget({ deployments, deploymentsDays, logsDays, commands }: Retention, signal: AbortSignal) {
      const surplus = await repeatedly(signal, () => forgetSurplus(deployments));
      const old = deploymentsDays ? await repeatedly(signal, () => forgetOld(deploymentsDays)) : 0;
      const logs = await repeatedly(signal, () => forgetLogs(logsDays));
      const ended = await repeatedly(signal, () => forgetCommands(commands));
      await repeatedly(signal, () => forgetLines(logsDays));
      return { deployments: surplus + old, logs, commands: ended };
    },
  };
}

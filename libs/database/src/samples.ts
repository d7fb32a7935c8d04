import type { Database } from './connect.js';

/** What a release took of the machines that it runs on, since it was last measured. */
export interface NewSample {
  deploymentId: string;
  /** How long the next three were counted for; 0 where nothing is known of what was before. */
  seconds: number;
  cpuSeconds: number;
  receivedBytes: number;
  sentBytes: number;
  memoryBytes: number;
  memoryLimitBytes: number | null;
  pids: number;
  replicas: number;
  restarts: number;
}

/** What is stored of a release for one step of time. */
export interface Sample extends Omit<NewSample, 'memoryBytes' | 'pids' | 'replicas' | 'restarts'> {
  /** Where the step begins, in seconds since 1970. */
  at: number;
  memoryBytes: number | null;
  pids: number | null;
  replicas: number | null;
  restarts: number | null;
  /** Both as gateways count them. */
  responses: number[];
  durations: number[];
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** How long samples stay in steps of which length. The margin is what merging may be late by, and asking. */
const ages = [
  { stepSeconds: 10, forSeconds: hour, marginSeconds: minute },
  { stepSeconds: 300, forSeconds: day, marginSeconds: hour },
  { stepSeconds: 1_800, forSeconds: 7 * day, marginSeconds: day },
] as const;

export const finestStep = ages[0].stepSeconds;

/** How long the steps of samples are that are this old. */
export const stepAt = (ageSeconds: number): number =>
  (ages.find(({ forSeconds, marginSeconds }) => ageSeconds <= forSeconds + marginSeconds / 2) ?? ages.at(-1)!)
    .stepSeconds;

/** How much is merged in one statement: after a long pause there are more of them, not longer ones. */
const batchSeconds = hour;

type Fragment = ReturnType<Database['sql']>;

/** Where the step that a time falls into begins. */
export const stepOf = ({ sql: raw }: Database, time: Fragment, stepSeconds: number) =>
  raw`to_timestamp(floor(extract(epoch from ${time}) / ${stepSeconds}::int) * ${stepSeconds}::int)`;

/** The end of an insert into the samples: what is there already is added to. */
export const addingUp = ({ sql: raw }: Database) => raw`
  on conflict (service_id, environment, step_seconds, at, deployment_id) do update set
    seconds = release_samples.seconds + excluded.seconds,
    cpu_seconds = release_samples.cpu_seconds + excluded.cpu_seconds,
    received_bytes = release_samples.received_bytes + excluded.received_bytes,
    sent_bytes = release_samples.sent_bytes + excluded.sent_bytes,
    memory_bytes = greatest(release_samples.memory_bytes, excluded.memory_bytes),
    memory_limit_bytes = greatest(release_samples.memory_limit_bytes, excluded.memory_limit_bytes),
    pids = greatest(release_samples.pids, excluded.pids),
    replicas = greatest(release_samples.replicas, excluded.replicas),
    restarts = greatest(release_samples.restarts, excluded.restarts),
    responses = add_counts(release_samples.responses, excluded.responses),
    durations = add_counts(release_samples.durations, excluded.durations)`;

/** What releases took and answered: workers and gateways add, readers look back a week. */
export function sampleRepository(database: Database) {
  const { sql: raw } = database;

  /** Answers how many rows were merged, or dropped, that are too old for their step. */
  const mergeSome = async (index: number): Promise<number> => {
    const { stepSeconds, forSeconds, marginSeconds } = ages[index]!;
    const into = ages[index + 1]?.stepSeconds;
    const unit = into ?? stepSeconds;
    const end = stepOf(database, raw`now() - make_interval(secs => ${forSeconds + marginSeconds})`, unit);
    const old = raw`
      delete from release_samples where step_seconds = ${stepSeconds} and at < least(${end},
        (select ${stepOf(database, raw`min(at)`, unit)} + make_interval(secs => ${Math.max(batchSeconds, unit)})
          from release_samples where step_seconds = ${stepSeconds}))
      returning *`;
    const [row] = into
      ? await raw<{ count: number }[]>`
          with old as (${old}),
          merged as (
            insert into release_samples (service_id, environment, step_seconds, at, deployment_id, seconds, cpu_seconds,
              received_bytes, sent_bytes, memory_bytes, memory_limit_bytes, pids, replicas, restarts, responses, durations)
            select service_id, environment, ${into}, ${stepOf(database, raw`at`, into)}, deployment_id, sum(seconds),
              sum(cpu_seconds), sum(received_bytes), sum(sent_bytes), max(memory_bytes), max(memory_limit_bytes), max(pids),
              max(replicas), max(restarts), sum_counts(responses), sum_counts(durations)
            from old group by 1, 2, 4, 5
            ${addingUp(database)})
          select count(*)::int as count from old`
      : await raw<{ count: number }[]>`with old as (${old}) select count(*)::int as count from old`;
    return row?.count ?? 0;
  };

  return {
    /** Now, in seconds since 1970, by the clock that samples go by. */
    async now(): Promise<number> {
      const [row] = await raw<{ now: number }[]>`select extract(epoch from now())::float8 as now`;
      return row!.now;
    },

    /** Adds what was measured just now. */
    async add(samples: readonly NewSample[]): Promise<void> {
      if (samples.length === 0) return;
      await raw`
        insert into release_samples (service_id, environment, step_seconds, at, deployment_id, seconds, cpu_seconds,
          received_bytes, sent_bytes, memory_bytes, memory_limit_bytes, pids, replicas, restarts)
        select d.service_id, d.environment, ${finestStep}, ${stepOf(database, raw`now()`, finestStep)}, d.id, s.seconds,
          s."cpuSeconds", s."receivedBytes", s."sentBytes", s."memoryBytes", s."memoryLimitBytes", s.pids, s.replicas, s.restarts
        from jsonb_to_recordset(${JSON.stringify(samples)}::jsonb) as s("deploymentId" uuid, seconds float8,
          "cpuSeconds" float8, "receivedBytes" float8, "sentBytes" float8, "memoryBytes" bigint, "memoryLimitBytes" bigint,
          pids int, replicas int, restarts int)
        join deployments d on d.id = s."deploymentId" order by d.id
        ${addingUp(database)}`;
    },

    /** Merges what has become too old for its step, drops what is too old for any; each row is counted once, whenever this ends. */
    async merge(signal: AbortSignal): Promise<void> {
      for (const index of ages.keys()) while (!signal.aborted && (await mergeSome(index)) > 0);
    },

    /** The samples whose step begins in a time, oldest first: seconds since 1970, without the end. */
    async read(serviceId: string, environment: string, from: number, to: number): Promise<Sample[]> {
      return raw<Sample[]>`
        select deployment_id as "deploymentId", extract(epoch from at)::float8 as at, seconds, cpu_seconds as "cpuSeconds",
          received_bytes as "receivedBytes", sent_bytes as "sentBytes", memory_bytes::float8 as "memoryBytes",
          memory_limit_bytes::float8 as "memoryLimitBytes", pids, replicas, restarts, responses, durations
        from release_samples
        where service_id = ${serviceId} and environment = ${environment}
          and step_seconds = any(${raw.array(ages.map(({ stepSeconds }) => stepSeconds))}::int[])
          and at >= to_timestamp(${from}) and at < to_timestamp(${to})
        order by at, step_seconds desc`;
    },

    /** The releases of those deployments, and the live one, oldest first. */
    async releases(serviceId: string, environment: string, deploymentIds: readonly string[]) {
      return raw<{ deploymentId: string; number: number | null; live: boolean }[]>`
        with live as (select deployment_id as id from releases where service_id = ${serviceId} and environment = ${environment})
        select asked.id as "deploymentId", d.number, exists (select 1 from live where live.id = asked.id) as live
        from (select unnest(${raw.array([...deploymentIds])}::uuid[]) as id union select id from live) asked
        left join deployments d on d.id = asked.id order by asked.id`;
    },
  };
}

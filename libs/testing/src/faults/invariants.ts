import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { connectEngine, listContainers, listNetworks } from '@pierhead/docker';
import type { Test } from 'tap';
import { visit } from '../visit.js';
import type { FaultStack } from './fault-stack.js';
import { jobsOf } from './queue-jobs.js';

export interface InvariantOptions {
  /** How long a stack may take to come to rest, in milliseconds. */
  limitMs?: number;
  /** Where workers of the test with a data folder of their own keep their workspaces. */
  dataDirs?: string[];
  /** Uploads were broken off: what is left of them goes after an hour, and is counted from then on. */
  brokenUploads?: boolean;
}

const defaultLimitMs = 30_000;
const brokenUploadMs = 3_600_000;
const final = ['succeeded', 'failed', 'canceled', 'superseded'];

/** Fails the test with every invariant that does not hold once the stack has had time to come to rest. */
export async function assertInvariants(t: Test, stack: FaultStack, options: InvariantOptions = {}): Promise<void> {
  const deadline = performance.now() + (options.limitMs ?? defaultLimitMs);
  const began = performance.now();
  let broken = await brokenInvariants(stack, options);
  while (broken.length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    broken = await brokenInvariants(stack, options);
  }
  t.same(broken, [], 'rows, routes, containers, folders, processes and jobs agree');
  t.comment(`measured: at rest after ${((performance.now() - began) / 1_000).toFixed(1)} s`);
}

/** What does not hold right now, one sentence each. */
async function brokenInvariants(stack: FaultStack, options: InvariantOptions = {}): Promise<string[]> {
  const checks = [
    everyDeploymentHasEnded,
    oneEndEach,
    releasesPointAtSucceeded,
    switchesAreRecorded,
    noStageRuns,
    instancesAreLive,
    marksAreLive,
    containersAreLive,
    routesAreServed,
    noWorkspaces,
    nothingHalfStored,
    noJobs,
    noStrayProcesses,
  ];
  const found = await Promise.all(
    checks.map((check) =>
      check(stack, options).catch((error: Error) => [`${check.name} could not be asked: ${error.message}`]),
    ),
  );
  return found.flat();
}

type Check = (stack: FaultStack, options: InvariantOptions) => Promise<string[]>;

interface Live {
  deploymentId: string;
  serviceId: string;
  hostname: string;
  runtimeId: string;
  ids: string[] | null;
  content: string | null;
}

const liveReleases = ({ sql }: FaultStack) => sql<Live[]>`
  select r.deployment_id as "deploymentId", r.service_id as "serviceId", s.name || '.localhost' as hostname,
    d.snapshot->>'runtimeId' as "runtimeId", d.instance->'ids' as ids,
    coalesce(d.snapshot->'providerConfig'->>'content', d.snapshot->'variables'->>'VERSION') as content
  from releases r join services s on s.id = r.service_id join deployments d on d.id = r.deployment_id
  where r.environment = 'production' and s.deleted_at is null`;

const everyDeploymentHasEnded: Check = async ({ sql }) => {
  const rows = await sql<{ id: string; status: string; held: boolean; owner: string | null }[]>`
    select id, status, lease_until > now() as held, lease_owner as owner from deployments where status <> all(${final}) or lease_owner is not null`;
  return rows.map(
    ({ id, status, held, owner }) => `deployment ${id} is ${status}, ${held ? 'held' : 'not held'} by ${owner}`,
  );
};

/** One final status each, and never anything after it. */
const oneEndEach: Check = async ({ sql }) => {
  const rows = await sql<{ id: string; changes: string }[]>`
    select deployment_id as id, string_agg(coalesce(was, '') || '>' || became || '@' || epoch, ' ' order by nr) as changes
    from faults.statuses group by deployment_id
    having count(*) filter (where became = any(${final})) > 1 or bool_or(was = any(${final}))`;
  return rows.map(({ id, changes }) => `deployment ${id} ended more than once: ${changes}`);
};

const releasesPointAtSucceeded: Check = async ({ sql }) => {
  const rows = await sql<{ id: string; status: string }[]>`
    select d.id, d.status from releases r join deployments d on d.id = r.deployment_id where d.status <> 'succeeded'`;
  return rows.map(({ id, status }) => `deployment ${id} is live and ${status}`);
};

/** `switched_at` is set exactly for those that were live once; each became live once; a success was live. */
const switchesAreRecorded: Check = async ({ sql }) => {
  const rows = await sql<{ id: string; status: string; switches: number; recorded: boolean }[]>`
    select d.id, d.status, d.switched_at is not null as recorded,
      (select count(*)::int from faults.switches s where s.deployment_id = d.id) as switches
    from deployments d`;
  return rows
    .filter(({ status, switches, recorded }) => switches !== Number(recorded) || recorded !== (status === 'succeeded'))
    .map(
      ({ id, status, switches, recorded }) =>
        `deployment ${id} is ${status}, was switched to ${switches} times, and switched_at is ${recorded ? 'set' : 'null'}`,
    );
};

const noStageRuns: Check = async ({ sql }) => {
  const rows = await sql<{ id: string; name: string; status: string }[]>`
    select d.id, s.name, d.status from stages s join deployments d on d.id = s.deployment_id
    where d.status = any(${final}) and (s.status = 'running' or s.finished_at is null)`;
  return rows.map(({ id, name, status }) => `deployment ${id} is ${status} and its stage ${name} still runs`);
};

const instancesAreLive: Check = async ({ sql }) => {
  const rows = await sql<{ id: string; status: string }[]>`
    select d.id, d.status from deployments d where d.instance is not null
      and not exists (select 1 from releases r where r.deployment_id = d.id)`;
  return rows.map(({ id, status }) => `deployment ${id} is ${status}, not live, and has an instance on record`);
};

/** What the gated runtime started and did not stop. */
const marksAreLive: Check = async (stack) => {
  const running = await readdir(join(stack.dataDir, 'running'));
  const live = (await liveReleases(stack))
    .filter((each) => each.runtimeId === 'gated')
    .map((each) => each.deploymentId);
  return [
    ...running.filter((id) => !live.includes(id)).map((id) => `an instance of deployment ${id} runs and is not live`),
    ...live.filter((id) => !running.includes(id)).map((id) => `deployment ${id} is live and its instance does not run`),
  ];
};

const containersAreLive: Check = async (stack) => {
  const services = (await stack.sql<{ id: string }[]>`select id from services`).map(({ id }) => id);
  const live = (await liveReleases(stack)).filter((each) => each.runtimeId === 'docker');
  const used = await stack.sql`select 1 from services where runtime_id = 'docker' limit 1`;
  if (used.length === 0) return [];
  const engine = connectEngine(stack.dockerHost);
  const containers = (await listContainers(engine, { 'pierhead.managed': 'true' })).filter((each) =>
    services.includes(each.labels['pierhead.service'] ?? ''),
  );
  const replicas = containers.filter(({ labels }) => 'pierhead.deployment' in labels);
  const inUse = (labels: Record<string, string>) => live.some((each) => each.serviceId === labels['pierhead.service']);
  const networks = await listNetworks(engine, { 'pierhead.managed': 'true' });
  const wanted = live.flatMap((each) => each.ids ?? []);
  return [
    ...replicas
      .filter((each) => !wanted.includes(each.id))
      .map(
        (each) =>
          `container ${each.id.slice(0, 12)} (${each.state}) of deployment ${each.labels['pierhead.deployment']} is not of a live release`,
      ),
    ...wanted
      .filter((id) => !containers.some((each) => each.id === id && each.state === 'running'))
      .map((id) => `container ${id.slice(0, 12)} is of a live release and does not run`),
    ...networks
      .filter(({ labels }) => services.includes(labels['pierhead.service'] ?? '') && !inUse(labels))
      .map(({ name }) => `network ${name} is left`),
    ...containers
      .filter(({ labels }) => !inUse(labels))
      .map(({ id }) => `container ${id.slice(0, 12)} is of a service without a release`),
  ];
};

/** Every service is asked for at the gateway: the live one's content, and 404 where nothing is live. */
const routesAreServed: Check = async (stack) => {
  const live = await liveReleases(stack);
  const all = await stack.sql<
    { hostname: string }[]
  >`select name || '.localhost' as hostname from services where deleted_at is null`;
  const wrong: string[] = [];
  for (const { hostname } of all) {
    const wanted = live.find((each) => each.hostname === hostname);
    const page = await visit(stack.gatewayUrl, hostname);
    const right = wanted
      ? page.status === 200 && [null, page.text.trim()].includes(wanted.content)
      : page.status === 404;
    if (!right)
      wrong.push(
        `${hostname} answers ${page.status} "${page.text.slice(0, 60)}" and the row says ${wanted?.content ?? 'nothing'}`,
      );
  }
  return wrong;
};

const noWorkspaces: Check = async (stack, { dataDirs = [] }) => {
  const left: string[] = [];
  for (const dataDir of [stack.dataDir, ...dataDirs]) {
    const root = join(dataDir, 'workspaces');
    for (const worker of await readdir(root).catch(() => []))
      for (const name of await readdir(join(root, worker)).catch(() => []))
        left.push(`workspace ${worker}/${name} is left`);
  }
  return left;
};

const nothingHalfStored: Check = async (stack, { brokenUploads = false }) => {
  const folder = join(stack.dataDir, 'storage', 'tmp');
  const left: string[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const found = await stat(join(folder, name)).catch(() => null);
    if (found && !(brokenUploads && Date.now() - found.mtimeMs < brokenUploadMs))
      left.push(`storage/tmp/${name} is left`);
  }
  return left;
};

const noJobs: Check = async (stack) => (await jobsOf(stack)).map((id) => `a job is left for deployment ${id}`);

/** Whatever works in the stack's folder, or names it, and is none of its programs: the children of a killed worker. */
const noStrayProcesses: Check = async (stack) => {
  const own = new Set([process.pid, ...stack.programs.map((program) => program.pid)]);
  const strays: string[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || own.has(Number(name))) continue;
    const command = (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').trim();
    const cwd = await readlink(`/proc/${name}/cwd`).catch(() => '');
    if (!`${command} ${cwd}`.includes(stack.dir) || cwd.startsWith(join(stack.dir, 'postgres'))) continue;
    if (command.includes(join(stack.dir, 'postgres')) || command.includes(join(stack.dir, 'engine'))) continue;
    strays.push(`process ${name} is left: ${command.slice(0, 200)}`);
  }
  return strays;
};

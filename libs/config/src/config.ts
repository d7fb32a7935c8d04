import { isIPv4 } from 'node:net';
import { availableParallelism, homedir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** One environment variable: its name, its default as a user reads it, its meaning, and how its text is read. */
export interface Variable<T> {
  name: string;
  default: string;
  meaning: string;
  parse(text: string): T;
  fallback(environment: Environment): T;
}

/** A variable that is missing or wrong; the message names it and the cure. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const wrong = (expected: string) => {
  throw new Error(`expected ${expected}`);
};

const anyText = (text: string) => text;

const port = (text: string) => {
  const value = Number(text);
  return /^\d{1,5}$/.test(text) && value <= 65_535 ? value : wrong('a port from 0 to 65535');
};

const count = (text: string) => (/^[1-9]\d{0,3}$/.test(text) ? Number(text) : wrong('a whole number from 1 to 9999'));

const rate = (text: string) => (/^\d{1,7}$/.test(text) ? Number(text) : wrong('a whole number up to 9999999'));

const bytes = (text: string) => (/^\d{1,15}$/.test(text) ? Number(text) : wrong('a whole number of bytes'));

const amount = (text: string) =>
  /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : wrong('a number such as 2 or 1.5');

const cgroupPath = (text: string) =>
  /^\/?[A-Za-z0-9_][A-Za-z0-9_.:-]*(\/[A-Za-z0-9_][A-Za-z0-9_.:-]*)*$/.test(text)
    ? text.replace(/^\//, '')
    : wrong('the path of a control group such as docker/buildkit');

const oneOf =
  <const T extends string>(...values: T[]) =>
  (text: string): T =>
    values.find((value) => value === text) ?? wrong(values.join(', '));

const urlOf =
  (...schemes: string[]) =>
  (text: string) =>
    schemes.some((scheme) => text.startsWith(`${scheme}://`)) && URL.canParse(text)
      ? text
      : wrong(`a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`);

const hostname = (text: string) =>
  /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)
    ? text
    : wrong('a lower-case host name such as apps.example.com');

const secretKey = (text: string) => {
  const key = Buffer.from(text, 'base64');
  return key.length === 32 && key.some((byte) => byte !== key[0]) ? text : wrong('32 random bytes in base64');
};

const secretKeys = (text: string) => words(text).map(secretKey);

/** What a bearer token can carry. */
const token = (text: string) =>
  /^[\x21-\x7e]{32,512}$/.test(text) ? text : wrong('32 to 512 visible ASCII characters, without spaces');

const subnets = (text: string) => {
  const [address = '', bits = ''] = text.split('/');
  const fits = isIPv4(address) && /^\d{1,2}$/.test(bits) && Number(bits) >= 8 && Number(bits) <= 26;
  return fits ? text : wrong('a range of IPv4 addresses from /8 to /26, such as 198.18.0.0/15');
};

/** Whatever else is in the engine's own networks would be let in to every service. */
const ownNetwork = (text: string) =>
  ['bridge', 'host', 'none'].includes(text) ? wrong('a network that holds nothing but Pierhead itself') : text;

const list = (text: string) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

const words = (text: string) => text.split(/[\s,]+/).filter((word) => word !== '');

const labels = (text: string) => {
  const items = words(text);
  return items.every((item) => /^[A-Za-z0-9]([A-Za-z0-9._=/-]{0,61}[A-Za-z0-9])?$/.test(item))
    ? [...new Set(items)]
    : wrong('words such as gpu,region=eu, of letters, digits and . _ = / -');
};

const cidrs = (text: string) => {
  const items = list(text);
  return items.every((item) => /^[0-9a-fA-F.:]+\/\d{1,3}$/.test(item))
    ? items
    : wrong('CIDRs such as 10.0.0.0/8,fd00::/8');
};

const dataDir = (environment: Environment) =>
  join(environment.XDG_DATA_HOME ?? join(environment.HOME ?? homedir(), '.local', 'share'), 'pierhead');

function variable<T>(
  name: string,
  shown: string,
  meaning: string,
  parse: (text: string) => T,
  fallback: (environment: Environment) => T,
): Variable<T> {
  return { name, default: shown, meaning, parse, fallback };
}

const mebibyte = 1_048_576;

const unset = () => undefined;

/** Every variable that Pierhead reads, in the order in which the documents list them. */
export const variables = {
  dataDir: variable(
    'PIERHEAD_DATA_DIR',
    '$XDG_DATA_HOME/pierhead or ~/.local/share/pierhead',
    'everything that is kept on disk',
    (text) => resolve(text),
    dataDir,
  ),
  host: variable('PIERHEAD_HOST', '127.0.0.1', 'address of the API', anyText, () => '127.0.0.1'),
  apiPort: variable('PIERHEAD_API_PORT', '3000', 'port of the API', port, () => 3000),
  gatewayHost: variable('PIERHEAD_GATEWAY_HOST', '127.0.0.1', 'address of the gateway', anyText, () => '127.0.0.1'),
  gatewayPort: variable('PIERHEAD_GATEWAY_PORT', '8080', 'port of the gateway', port, () => 8080),
  catalogHost: variable('PIERHEAD_CATALOG_HOST', '127.0.0.1', 'address of the catalog', anyText, () => '127.0.0.1'),
  catalogPort: variable('PIERHEAD_CATALOG_PORT', '3001', 'port of the catalog', port, () => 3001),
  workerHost: variable(
    'PIERHEAD_WORKER_HOST',
    '127.0.0.1',
    "address of the worker's health and metrics",
    anyText,
    () => '127.0.0.1',
  ),
  workerPort: variable(
    'PIERHEAD_WORKER_PORT',
    '0 (any free port)',
    "port of the worker's health and metrics",
    port,
    () => 0,
  ),
  gatewayAdminPort: variable(
    'PIERHEAD_GATEWAY_ADMIN_PORT',
    '0 (any free port)',
    "port of the gateway's health and metrics, on 127.0.0.1",
    port,
    () => 0,
  ),
  baseDomain: variable(
    'PIERHEAD_BASE_DOMAIN',
    'localhost',
    'services answer at <name>.<base domain>',
    hostname,
    () => 'localhost',
  ),
  publicGatewayPort: variable(
    'PIERHEAD_PUBLIC_GATEWAY_PORT',
    'PIERHEAD_GATEWAY_PORT',
    'the port in the URLs of services, where a proxy or a container maps it',
    port,
    (environment) => port(environment.PIERHEAD_GATEWAY_PORT ?? '8080'),
  ),
  catalogUrl: variable(
    'PIERHEAD_CATALOG_URL',
    'set by standalone',
    'where the api finds the catalog',
    urlOf('http', 'https'),
    unset,
  ),
  catalogToken: variable(
    'PIERHEAD_CATALOG_TOKEN',
    'made by standalone, else required',
    'what the api proves itself with to the catalog: the same for both',
    token,
    unset,
  ),
  secretKey: variable(
    'PIERHEAD_SECRET_KEY',
    'made by standalone, else required',
    '32 bytes, base64; seals secrets',
    secretKey,
    unset,
  ),
  oldSecretKeys: variable(
    'PIERHEAD_OLD_SECRET_KEYS',
    'none',
    'keys that seal no more, and that what they have sealed is still opened with',
    secretKeys,
    () => [],
  ),
  adminToken: variable('PIERHEAD_ADMIN_TOKEN', 'made by standalone, else required', 'the admin token', token, unset),
  rateLimit: variable(
    'PIERHEAD_RATE_LIMIT',
    '6000',
    'requests within a minute that the api answers to one address, and a hundredth of that to wrong tokens; 0 for any',
    rate,
    () => 6_000,
  ),
  egressAllow: variable(
    'PIERHEAD_EGRESS_ALLOW',
    'none',
    'CIDRs of private ranges that sources may come from',
    cidrs,
    () => [],
  ),
  plugins: variable(
    'PIERHEAD_PLUGINS',
    'none',
    'npm packages or folders with further providers, builders and runtimes; for the catalog and every worker',
    words,
    () => [],
  ),
  sample: variable(
    'PIERHEAD_SAMPLE',
    'on',
    '`off` leaves the sample service out',
    oneOf('on', 'off'),
    () => 'on' as const,
  ),
  workerSlots: variable('PIERHEAD_WORKER_SLOTS', 'number of cores', 'deployments at once per worker', count, () =>
    availableParallelism(),
  ),
  commandSlots: variable(
    'PIERHEAD_COMMAND_SLOTS',
    '4',
    'commands at once per worker, beside its deployments',
    count,
    () => 4,
  ),
  workerLabels: variable(
    'PIERHEAD_WORKER_LABELS',
    'none',
    'words that services may ask for, such as `gpu` or `region=eu`',
    labels,
    () => [],
  ),
  artifactBudget: variable(
    'PIERHEAD_ARTIFACT_BUDGET',
    'none',
    'bytes that artifacts may take; the oldest rollback releases give way first, what is live never',
    bytes,
    unset,
  ),
  keepDeployments: variable(
    'PIERHEAD_KEEP_DEPLOYMENTS',
    '200',
    'deployments that are remembered of each service and environment',
    count,
    () => 200,
  ),
  keepDeploymentsDays: variable(
    'PIERHEAD_KEEP_DEPLOYMENTS_DAYS',
    'any age',
    'how old a deployment may become before it is forgotten',
    count,
    unset,
  ),
  keepCommands: variable(
    'PIERHEAD_KEEP_COMMANDS',
    '200',
    'commands that are remembered of each service, and of each of its schedules',
    count,
    () => 200,
  ),
  keepLogsDays: variable(
    'PIERHEAD_KEEP_LOGS_DAYS',
    '30',
    'how old the log of a deployment, or the output of a command, may become before it is removed',
    count,
    () => 30,
  ),
  minFreeMemory: variable(
    'PIERHEAD_MIN_FREE_MEMORY',
    '268435456 (256 MiB)',
    'bytes of memory that must be free for a worker to take a deployment and to begin a build; 0 for any',
    bytes,
    () => 256 * mebibyte,
  ),
  minFreeDisk: variable(
    'PIERHEAD_MIN_FREE_DISK',
    '1073741824 (1 GiB)',
    'the same of the disks of the data folder and of the engine',
    bytes,
    () => 1_024 * mebibyte,
  ),
  buildMemory: variable(
    'PIERHEAD_BUILD_MEMORY',
    "three quarters of the machine's",
    'bytes of memory that the steps of builds may take, all of an engine together; 0 for any',
    bytes,
    () => Math.floor((totalmem() * 3) / 4),
  ),
  buildCpus: variable(
    'PIERHEAD_BUILD_CPUS',
    'nine tenths of the cores',
    'the same of processors, such as 1.5; 0 for any',
    amount,
    () => Math.round(availableParallelism() * 90) / 100,
  ),
  buildPids: variable(
    'PIERHEAD_BUILD_PIDS',
    '8192',
    'the same of processes and threads; 0 for any',
    bytes,
    () => 8_192,
  ),
  buildCgroup: variable(
    'PIERHEAD_BUILD_CGROUP',
    'docker/buildkit',
    "the control group of the engine's builds, for an engine with a `cgroup-parent` of its own",
    cgroupPath,
    () => 'docker/buildkit',
  ),
  shutdownGraceSeconds: variable(
    'PIERHEAD_SHUTDOWN_GRACE_SECONDS',
    '10',
    'how long a service that is asked to end may finish what is under way',
    count,
    () => 10,
  ),
  databaseUrl: variable('DATABASE_URL', 'embedded', 'PostgreSQL 14 or newer', urlOf('postgres', 'postgresql'), unset),
  redisUrl: variable(
    'REDIS_URL',
    'none: queue on PostgreSQL',
    'Redis 6.2 or newer, Valkey',
    urlOf('redis', 'rediss', 'unix'),
    unset,
  ),
  dockerHost: variable(
    'DOCKER_HOST',
    'unix:///var/run/docker.sock',
    'the engine',
    urlOf('unix', 'tcp'),
    () => 'unix:///var/run/docker.sock',
  ),
  dockerNetwork: variable(
    'PIERHEAD_DOCKER_NETWORK',
    'none: it runs on the host',
    "the engine's network with the containers of Pierhead itself that have to reach releases: the gateway and the workers",
    ownNetwork,
    () => '',
  ),
  dockerSubnets: variable(
    'PIERHEAD_DOCKER_SUBNETS',
    '198.18.0.0/15',
    'where the networks of services get their addresses from: 64 for each service and environment',
    subnets,
    () => '198.18.0.0/15',
  ),
  apiUrl: variable(
    'PIERHEAD_URL',
    'http://127.0.0.1:PIERHEAD_API_PORT',
    'the API that the pierhead command talks to',
    urlOf('http', 'https'),
    (environment) => `http://127.0.0.1:${port(environment.PIERHEAD_API_PORT ?? '3000')}`,
  ),
  apiToken: variable(
    'PIERHEAD_TOKEN',
    "the data folder's admin-token, for an API on this machine",
    'the token that the pierhead command sends',
    anyText,
    unset,
  ),
  logLevel: variable(
    'LOG_LEVEL',
    'info',
    'pino level',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    () => 'info' as const,
  ),
};

type Read<V> =
  V extends Variable<infer A>
    ? A
    : V extends { parse(text: string): infer P; fallback(environment: Environment): infer F }
      ? P | F
      : never;
export type Config = { [K in keyof typeof variables]: Read<(typeof variables)[K]> };
/** A config in which the variables K are certainly set. */
export type Needs<K extends keyof Config> = Config & { [P in K]-?: NonNullable<Config[P]> };

/**
 * Reads and validates the environment. An empty variable counts as unset.
 * @param required variables without a default that the caller cannot do without
 * @throws ConfigError naming every variable that is missing or wrong
 */
export function readConfig<K extends keyof Config = never>(
  required: readonly K[] = [],
  environment: Environment = process.env,
): Needs<K> {
  const set = Object.fromEntries(Object.entries(environment).filter(([, text]) => text !== ''));
  const faults: string[] = [];
  const read = Object.entries(variables).map(([key, each]) => {
    const text = set[each.name];
    try {
      return [key, text === undefined ? each.fallback(set) : each.parse(text)];
    } catch (error) {
      faults.push(`${each.name}: ${(error as Error).message}`);
      return [key, undefined];
    }
  });
  const config = Object.fromEntries(read) as Config;
  const missing = required.filter(
    (key) => config[key] === undefined && !faults.some((fault) => fault.startsWith(variables[key].name)),
  );
  faults.push(...missing.map((key) => `${variables[key].name}: required (${variables[key].meaning})`));
  if (faults.length > 0) throw new ConfigError(faults.join('; '));
  return config as Needs<K>;
}

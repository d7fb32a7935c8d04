import { type ContainerSettings, type ImageFacts, identityLabels, ownLabels, serviceLabels } from '@pierhead/docker';
import { type RunSpec, UserError } from '@pierhead/model';
import type { DockerConfig } from './docker-config.js';

export interface ContainerPlan {
  name: string;
  settings: ContainerSettings;
}

export const portLabel = 'pierhead.port';
export const replicaLabel = 'pierhead.replica';
export const replicasLabel = 'pierhead.replicas';
export const nameLabel = 'pierhead.name';

const defaultPort = 8_080;

/** The capabilities that images expect as root to set up their files, their user and a low port. */
const capabilities = ['CHOWN', 'SETUID', 'SETGID', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'NET_BIND_SERVICE'];

/** The port that the app listens on: as configured, as its own PORT says, as its image exposes it, or 8080. */
export function portOf(spec: RunSpec<DockerConfig>, image: ImageFacts | null): number {
  const own = /^\d{1,5}$/.test(spec.variables.PORT ?? '') ? Number(spec.variables.PORT) : 0;
  const exposed = image?.ports.length === 1 ? image.ports[0] : undefined;
  return spec.config.port ?? (own > 0 && own < 65_536 ? own : undefined) ?? exposed ?? defaultPort;
}

/** One container for each replica, each in a network of its own. Only what is written here reaches the engine. */
export function planContainers(
  digest: string,
  spec: RunSpec<DockerConfig>,
  port: number,
  networks: readonly string[],
  installation: string,
): ContainerPlan[] {
  const { config, serviceName, deploymentId } = spec;
  const env = envOf(spec.variables, port);
  return networks.map((network, index) => ({
    name: `pierhead-${serviceName}-${deploymentId.slice(-12)}-${index + 1}`,
    settings: {
      Image: digest,
      ...(config.command ? { Cmd: config.command } : {}),
      Env: env,
      Labels: { ...ownLabels(installation), ...labelsOf(spec, port, index + 1) },
      Healthcheck: { Test: ['NONE'] },
      HostConfig: hostConfig(spec, network, installation),
    },
  }));
}

/** `NAME=value`, each value as it is. */
function envOf(variables: Record<string, string>, port: number): string[] {
  const entries = Object.entries({ PORT: String(port), ...variables });
  for (const [name, value] of entries) if (!isSendable(name, value)) throw badVariable(name);
  return entries.map(([name, value]) => `${name}=${value}`);
}

const isSendable = (name: string, value: string) => /^[^=\0]+$/.test(name) && !value.includes('\0');

const badVariable = (name: string) =>
  new UserError('variable_invalid', `The variable ${JSON.stringify(name)} cannot be passed to a process`, {
    hint: 'Names hold no "=", and neither names nor values hold a NUL byte.',
  });

const labelsOf = (spec: RunSpec<DockerConfig>, port: number, number: number) => ({
  ...identityLabels(spec),
  [nameLabel]: spec.serviceName,
  [portLabel]: String(port),
  [replicaLabel]: String(number),
  [replicasLabel]: String(spec.config.replicas),
});

function hostConfig({ config, ...place }: RunSpec<DockerConfig>, network: string, installation: string) {
  // Snapshots from before there were some of them lack them.
  const { cpus, memoryBytes, pids = 512 } = config.resources;
  return {
    NetworkMode: network,
    CapDrop: ['ALL'],
    CapAdd: capabilities,
    SecurityOpt: ['no-new-privileges:true'],
    Privileged: false,
    PidsLimit: pids,
    Memory: memoryBytes,
    MemorySwap: memoryBytes,
    NanoCpus: Math.round(cpus * 1e9),
    RestartPolicy: restartPolicy(config.restart),
    Mounts: (config.volumes ?? []).map((volume) => mountOf(place, volume, installation)),
    LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
  };
}

/** Why another release must not run at the same time; null when it may. */
export function exclusiveData({ volumes = [] }: DockerConfig): string | null {
  const names = volumes.filter(({ shared }) => !shared).map(({ name }) => name);
  if (names.length === 0) return null;
  return `one release at a time may write to the volume${names.length > 1 ? 's' : ''} ${names.join(', ')}`;
}

const policies = { always: 'unless-stopped', 'on-failure': 'on-failure', never: 'no' };

const restartPolicy = ({ policy, maximumRetries = 0 }: DockerConfig['restart'] = { policy: 'always' }) => ({
  Name: policies[policy],
  ...(policy === 'on-failure' ? { MaximumRetryCount: maximumRetries } : {}),
});

/** A volume of the engine's own, which it makes with the first container; never a folder of the host. */
const mountOf = (place: Place, { name, path }: DockerConfig['volumes'][number], installation: string) => ({
  Type: 'volume',
  Source: volumeName(place, name),
  Target: path,
  VolumeOptions: { Labels: { ...ownLabels(installation), ...serviceLabels(place) } },
});

type Place = Pick<RunSpec, 'serviceId' | 'environment'>;

const volumeName = ({ serviceId, environment }: Place, name: string) => `pierhead-${serviceId}-${environment}-${name}`;

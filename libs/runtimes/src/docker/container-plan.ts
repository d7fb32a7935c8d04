import { type ContainerSettings, type ImageFacts, identityLabels, ownLabels } from '@pierhead/docker';
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
      HostConfig: hostConfig(config.resources, network),
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

const hostConfig = ({ cpus, memoryBytes }: DockerConfig['resources'], network: string) => ({
  NetworkMode: network,
  CapDrop: ['ALL'],
  CapAdd: capabilities,
  SecurityOpt: ['no-new-privileges:true'],
  Privileged: false,
  PidsLimit: 512,
  Memory: memoryBytes,
  MemorySwap: memoryBytes,
  NanoCpus: Math.round(cpus * 1e9),
  RestartPolicy: { Name: 'unless-stopped' },
  LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
});

import {
  type Builder,
  boolean,
  configSchema,
  defineBuilder,
  defineProvider,
  defineRuntime,
  integer,
  keyvalue,
  type Provider,
  password,
  type Runtime,
  select,
  Type,
  text,
  url,
} from '@pierhead/model';

const about = { description: 'Only for tests.', icon: 'box', category: 'test', tags: ['test'] };

/** Counts how often each sample's implementation was loaded, by id. */
export type Loads = Record<string, number>;

/** Small manifests of every kind that count their loads; each call starts from zero. */
export function sampleManifests() {
  const loads: Loads = {};
  const count = <T>(id: string, make: () => T) => {
    loads[id] = (loads[id] ?? 0) + 1;
    return Promise.resolve(make);
  };
  return { loads, providers: providers(count), builders: builders(count), runtimes: runtimes(count) };
}

type Count = <T>(id: string, make: () => T) => Promise<() => T>;

const gitConfig = configSchema(
  {
    repository: url({ label: 'Repository', group: 'source', placeholder: 'https://example.com/app.git' }),
    branch: text({ label: 'Branch', group: 'source', default: 'main', maxLength: 100 }),
    access: select({
      label: 'Access',
      group: 'access',
      default: 'public',
      options: [
        { value: 'public', label: 'Public' },
        { value: 'token', label: 'Token' },
      ],
    }),
    token: Type.Optional(
      password({
        label: 'Token',
        group: 'access',
        visibleWhen: { field: 'access', equals: 'token' },
        requiredWhen: { field: 'access', equals: 'token' },
      }),
    ),
  },
  {
    groups: [
      { id: 'source', label: 'Source' },
      { id: 'access', label: 'Access' },
    ],
  },
);

class SampleProvider implements Provider {
  async validateConfig(config: unknown) {
    if (!JSON.stringify(config).includes('missing')) return [];
    return [{ path: '/repository', code: 'repository_not_found', message: 'There is no such repository.' }];
  }
  async resolveRevision() {
    return { id: 'a'.repeat(40) };
  }
  async fetchSource(_revision: unknown, _config: unknown, workspace: string) {
    return { kind: 'tree' as const, path: workspace };
  }
}

const providers = (count: Count) => [
  defineProvider({
    ...about,
    id: 'sample-git',
    version: '1.2.0',
    name: 'Sample Git',
    produces: 'tree',
    configSchema: gitConfig,
    load: () => count('sample-git', () => new SampleProvider()),
  }),
  defineProvider({
    ...about,
    id: 'sample-site',
    version: '1.0.0',
    name: 'Sample site',
    produces: 'site',
    configSchema: configSchema({ folder: text({ label: 'Folder', default: 'public' }) }),
    load: () => count('sample-site', () => new SampleProvider()),
  }),
];

const imageArtifact = { kind: 'image' as const, digest: `sha256:${'0'.repeat(64)}`, bytes: 1 };

class SampleBuilder implements Builder {
  async build() {
    return imageArtifact;
  }
}

const builders = (count: Count) => [
  defineBuilder({
    ...about,
    id: 'sample-image',
    version: '1.0.0',
    name: 'Sample image',
    accepts: ['tree'],
    produces: 'image',
    configSchema: configSchema({
      dockerfilePath: text({ label: 'Dockerfile', default: 'Dockerfile' }),
      buildArgs: keyvalue({ label: 'Build arguments', default: {} }),
      cache: boolean({ label: 'Use the cache', default: true }),
    }),
    load: () => count('sample-image', () => new SampleBuilder()),
  }),
  defineBuilder({
    ...about,
    id: 'sample-files',
    version: '1.0.0',
    name: 'Sample files',
    accepts: ['site', 'tree'],
    produces: 'files',
    configSchema: configSchema({}),
    load: () => count('sample-files', () => new SampleBuilder()),
  }),
];

class SampleRuntime implements Runtime {
  async start() {
    return { ids: ['one'], upstreams: [] };
  }
  async probe() {
    return { healthy: true as const };
  }
  async adopt() {
    return null;
  }
  async stop() {}
  async *logs() {}
}

const runtimes = (count: Count) => [
  defineRuntime({
    ...about,
    id: 'sample-container',
    version: '1.0.0',
    name: 'Sample container',
    accepts: ['image'],
    configSchema: configSchema({
      port: integer({ label: 'Port', default: 3000, minimum: 1, maximum: 65_535 }),
      healthCheck: Type.Optional(
        Type.Object(
          {
            path: text({ label: 'Path', default: '/' }),
            seconds: integer({ label: 'Seconds', minimum: 1 }),
          },
          { title: 'Health check' },
        ),
      ),
    }),
    load: () => count('sample-container', () => new SampleRuntime()),
  }),
  defineRuntime({
    ...about,
    id: 'sample-files',
    version: '1.0.0',
    name: 'Sample file server',
    accepts: ['files'],
    configSchema: configSchema({}),
    load: () => count('sample-files-runtime', () => new SampleRuntime()),
  }),
];

import { array, boolean, configSchema, integer, number, type Static, select, Type, text } from '@pierhead/model';

const mebibyte = 1_048_576;

export const defaultStatuses = '200-399';

const healthCheck = Type.Object(
  {
    path: Type.Optional(
      text({
        label: 'Health path',
        normalize: ['trim'],
        description: 'Asked until the app is well; without it, an open port is enough.',
        placeholder: '/health',
        maxLength: 500,
        pattern: "^$|^/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*$",
        patternHint: 'Write an absolute path such as /health.',
      }),
    ),
    statuses: text({
      label: 'Statuses of a well app',
      normalize: ['trim'],
      description: 'What the health path answers with: statuses and ranges of them.',
      default: defaultStatuses,
      maxLength: 100,
      pattern: '^[1-5][0-9]{2}(-[1-5][0-9]{2})?( *, *[1-5][0-9]{2}(-[1-5][0-9]{2})?)*$',
      patternHint: 'Write statuses and ranges such as 200, 204 or 200-299, with commas between them.',
    }),
    imageCheck: boolean({
      label: "Run the image's own HEALTHCHECK too",
      description: 'Its command has to succeed as well. Without one in the image this changes nothing.',
      default: true,
    }),
    holdSeconds: integer({
      label: 'Seconds to stay healthy',
      description: 'How long a new release must be healthy without a break before it gets traffic.',
      default: 0,
      minimum: 0,
      maximum: 300,
    }),
    intervalSeconds: integer({
      label: 'Seconds between checks',
      description:
        'While the app has to stay healthy. Until it is healthy for the first time it is asked much more often.',
      default: 10,
      minimum: 1,
      maximum: 300,
    }),
    timeoutSeconds: integer({ label: 'Seconds to wait for an answer', default: 5, minimum: 1, maximum: 60 }),
    graceSeconds: integer({
      label: 'Seconds to become healthy',
      description: 'How long a new release may take to start.',
      default: 60,
      minimum: 1,
      maximum: 900,
    }),
  },
  { title: 'Health check', additionalProperties: false, default: {} },
);

const resources = Type.Object(
  {
    cpus: number({ label: 'Processor cores', default: 1, minimum: 0.05, maximum: 64 }),
    memoryBytes: integer({
      label: 'Memory in bytes',
      description: 'Of each replica. Swap is not used.',
      default: 512 * mebibyte,
      minimum: 16 * mebibyte,
      maximum: 65_536 * mebibyte,
    }),
    pids: integer({
      label: 'Processes',
      description: 'How many processes and threads each replica may have at once.',
      default: 512,
      minimum: 16,
      maximum: 32_768,
    }),
  },
  { title: 'Resources', additionalProperties: false, default: {} },
);

const restart = Type.Object(
  {
    policy: select({
      label: 'When the app ends',
      options: [
        { value: 'always', label: 'Start it again, always' },
        { value: 'on-failure', label: 'Start it again after a failure' },
        { value: 'never', label: 'Leave it' },
      ],
      default: 'always',
    }),
    maximumRetries: Type.Optional(
      integer({
        label: 'Retries',
        description: 'How often in a row it is started again after a failure; without it, for ever.',
        minimum: 1,
        maximum: 1_000,
        visibleWhen: { field: 'policy', equals: 'on-failure' },
      }),
    ),
  },
  { title: 'Restart', additionalProperties: false, default: {} },
);

const volume = Type.Object(
  {
    name: text({
      label: 'Name',
      maxLength: 40,
      pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$',
      patternHint: 'Write lower-case letters, digits and dashes.',
    }),
    path: text({
      label: 'Folder in the app',
      placeholder: '/data',
      maxLength: 255,
      pattern: '^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$',
      patternHint: 'Write an absolute path such as /data, without parts that begin with a dot.',
    }),
    shared: boolean({
      label: 'Two releases may write to it at once',
      description:
        'Otherwise the old release is stopped before the new one starts; requests wait meanwhile, and a guard cannot go back.',
      default: false,
    }),
  },
  { additionalProperties: false },
);

export const dockerConfigSchema = configSchema({
  port: Type.Optional(
    integer({
      label: 'Port',
      description: 'Where the app listens. Otherwise PORT of the variables, the one EXPOSE of the image, or 8080.',
      minimum: 1,
      maximum: 65_535,
    }),
  ),
  command: Type.Optional(
    array(Type.String({ maxLength: 4_096, pattern: '^[^\\u0000]*$' }), {
      label: 'Command',
      description: "In place of the image's own; one argument each.",
      minItems: 1,
    }),
  ),
  replicas: integer({ label: 'Replicas', default: 1, minimum: 1, maximum: 20 }),
  healthCheck,
  resources,
  restart,
  volumes: array(volume, {
    label: 'Volumes',
    description:
      'Folders that are kept from release to release, one of each name for the service and environment. They go with the service.',
    default: [],
    maxItems: 20,
  }),
});
export type DockerConfig = Static<typeof dockerConfigSchema>;

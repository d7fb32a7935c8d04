import { imageReferencePattern, maxReferenceLength } from '@pierhead/docker/reference';
import { array, configSchema, keyvalue, type Static, Type, text } from '@pierhead/model';

const segment = '[A-Za-z0-9._@+][A-Za-z0-9._@+ -]*';
/** A path inside the source: relative, no step up. */
const relativePath = `^(?!(?:.*/)?\\.\\.(?:/|$))${segment}(?:/${segment})*$`;
const pathHint = 'Write a path inside the source, such as services/web/Dockerfile.';

export const dockerfileConfigSchema = configSchema(
  {
    dockerfilePath: text({
      label: 'Dockerfile',
      description: 'Path from the root of the source.',
      group: 'source',
      default: 'Dockerfile',
      maxLength: 255,
      pattern: relativePath,
      patternHint: pathHint,
    }),
    context: text({
      label: 'Context folder',
      description: 'What COPY and ADD can see, from the root of the source.',
      group: 'source',
      default: '.',
      maxLength: 255,
      pattern: relativePath,
      patternHint: pathHint,
    }),
    buildArgs: keyvalue({
      label: 'Build arguments',
      description:
        "Values for the Dockerfile's ARG lines. They stay readable in the image: secrets have a field of their own.",
      group: 'build',
      default: {},
      keyPattern: '^(?!BUILDKIT_SYNTAX$)[A-Za-z_][A-Za-z0-9_]{0,127}$',
    }),
    secrets: Type.Optional(
      keyvalue({
        label: 'Build secrets',
        description: 'For steps with RUN --mount=type=secret,id=<name>, which read them in /run/secrets/<name>.',
        group: 'build',
        keyPattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$',
        secret: true,
      }),
    ),
    target: Type.Optional(
      text({
        label: 'Target stage',
        normalize: ['trim'],
        description: 'Stops at this stage of the Dockerfile; the last one otherwise.',
        group: 'build',
        placeholder: 'release',
        maxLength: 128,
        pattern: '^$|^[A-Za-z0-9][A-Za-z0-9_.-]*$',
      }),
    ),
    platform: Type.Optional(
      text({
        label: 'Platform',
        normalize: ['trim'],
        description: "The engine's own otherwise.",
        group: 'build',
        placeholder: 'linux/amd64',
        maxLength: 64,
        pattern: '^$|^[a-z0-9]+/[a-z0-9_]+(/v[0-9]+)?$',
        patternHint: 'Write it like linux/amd64 or linux/arm/v7.',
      }),
    ),
    cacheFrom: array(Type.String({ maxLength: maxReferenceLength, pattern: imageReferencePattern }), {
      label: 'Cache from',
      description: 'Images whose layers may be reused.',
      group: 'build',
      default: [],
      maxItems: 10,
    }),
  },
  {
    groups: [
      { id: 'source', label: 'Source' },
      { id: 'build', label: 'Build' },
    ],
  },
);
export type DockerfileConfig = Static<typeof dockerfileConfigSchema>;

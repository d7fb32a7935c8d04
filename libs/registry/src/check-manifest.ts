import { ArtifactKind, Compile, type Problem, SourceKind, schemaProblems, Type } from '@pierhead/model';
import { checkConfigSchema } from './check-config-schema.js';
import { isVersion } from './versions.js';

export type Kind = 'provider' | 'builder' | 'runtime';

const text = Type.String({ minLength: 1, maxLength: 500 });
const base = {
  id: Type.String({ minLength: 1, maxLength: 64, pattern: '^[a-z][a-z0-9-]*$' }),
  version: Type.String({ minLength: 1, maxLength: 100 }),
  name: text,
  description: text,
  icon: text,
  category: text,
  tags: Type.Array(text, { maxItems: 50 }),
  deprecated: Type.Optional(text),
  configSchema: Type.Object({ type: Type.Literal('object'), properties: Type.Object({}) }),
};
const sources = Type.Array(SourceKind, { minItems: 1, uniqueItems: true });
const artifacts = Type.Array(ArtifactKind, { minItems: 1, uniqueItems: true });

const shapes = {
  provider: Compile(Type.Object({ ...base, produces: SourceKind })),
  builder: Compile(Type.Object({ ...base, accepts: sources, produces: ArtifactKind })),
  runtime: Compile(Type.Object({ ...base, accepts: artifacts, commands: Type.Optional(Type.Boolean()) })),
};

interface Written {
  version: string;
  load: unknown;
  migrateConfig?: unknown;
  configSchema: unknown;
}

/** What was found sound is not looked at again when it is registered somewhere else. */
const sound = new WeakMap<object, Kind>();

/** Everything that keeps a manifest from being registered, with JSON Pointers into it. */
export function checkManifest(kind: Kind, manifest: unknown): Problem[] {
  if (sound.get(manifest as object) === kind) return [];
  return remembered(kind, manifest, shapeProblems(kind, manifest) ?? contentProblems(manifest as Written));
}

/** The same, and whether its patterns can take forever, which takes longer to find out. */
export function checkThoroughly(kind: Kind, manifest: unknown): Problem[] {
  const problems = shapeProblems(kind, manifest) ?? contentProblems(manifest as Written, { slowPatterns: true });
  return remembered(kind, manifest, problems);
}

function remembered(kind: Kind, manifest: unknown, problems: Problem[]): Problem[] {
  if (problems.length === 0) sound.set(manifest as object, kind);
  return problems;
}

/** Null when the shape is right. */
function shapeProblems(kind: Kind, manifest: unknown): Problem[] | null {
  if (shapes[kind].Check(manifest)) return null;
  return schemaProblems(shapes[kind].Errors(manifest), { nameOf: (path) => path || `The ${kind}` });
}

function contentProblems({ version, load, migrateConfig, configSchema }: Written, how = {}): Problem[] {
  const migrates = migrateConfig === undefined || typeof migrateConfig === 'function';
  return [
    ...(isVersion(version) ? [] : [at('/version', 'The version must be a semantic version such as 1.0.0.')]),
    ...(typeof load === 'function' ? [] : [at('/load', 'load must be a function that imports the implementation.')]),
    ...(migrates ? [] : [at('/migrateConfig', 'migrateConfig must be a function, where there is one.')]),
    ...checkConfigSchema(configSchema, how).map((each) => ({ ...each, path: `/configSchema${each.path}` })),
  ];
}

const at = (path: string, message: string): Problem => ({ path, code: 'invalid_manifest', message });

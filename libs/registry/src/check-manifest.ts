import {
  ArtifactKind,
  Compile,
  type Condition,
  fieldTypes,
  type Problem,
  pointer,
  SourceKind,
  schemaProblems,
  type TObject,
  Type,
  Value,
} from '@pierhead/model';
import { valid as isSemver } from 'semver';
import { isNested, type Keywords, propertiesOf } from './config-properties.js';

export type Kind = 'provider' | 'builder' | 'runtime';

const text = Type.String({ minLength: 1, maxLength: 500 });
const base = {
  id: Type.String({ minLength: 1, maxLength: 64, pattern: '^[a-z][a-z0-9-]*$' }),
  version: text,
  name: text,
  description: text,
  icon: text,
  category: text,
  tags: Type.Array(text),
  configSchema: Type.Object({ type: Type.Literal('object'), properties: Type.Object({}) }),
};
const sources = Type.Array(SourceKind, { minItems: 1, uniqueItems: true });
const artifacts = Type.Array(ArtifactKind, { minItems: 1, uniqueItems: true });

const shapes = {
  provider: Compile(Type.Object({ ...base, produces: SourceKind })),
  builder: Compile(Type.Object({ ...base, accepts: sources, produces: ArtifactKind })),
  runtime: Compile(Type.Object({ ...base, accepts: artifacts })),
};

interface Written {
  version: string;
  load: unknown;
  configSchema: TObject;
}

/** Everything that keeps a manifest from being registered, with JSON Pointers into it. */
export function checkManifest(kind: Kind, manifest: unknown): Problem[] {
  const problems = schemaProblems(shapes[kind].Errors(manifest), { nameOf: (path) => path || `The ${kind}` });
  if (problems.length > 0) return problems;
  const { version, load, configSchema } = manifest as Written;
  return [
    ...(isSemver(version) ? [] : [at('/version', 'The version must be a semantic version such as 1.0.0.')]),
    ...(typeof load === 'function' ? [] : [at('/load', 'load must be a function that imports the implementation.')]),
    ...checkObject(configSchema, '/configSchema'),
    ...checkCompiles(configSchema),
  ];
}

const at = (path: string, message: string): Problem => ({ path, code: 'invalid_manifest', message });

function checkObject(schema: Keywords, path: string): Problem[] {
  return propertiesOf(schema).flatMap(([key, child]) => {
    const here = `${path}/properties${pointer(key)}`;
    if (!/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(key)) return [at(here, 'A key has letters, digits and _ only.')];
    return isNested(child) ? checkObject(child, here) : checkField(schema, child, here);
  });
}

function checkField(parent: Keywords, schema: Keywords, path: string): Problem[] {
  const ui = schema.ui;
  if (!ui || !fieldTypes.includes(ui.type)) return [at(`${path}/ui`, 'A field is made with one of the field helpers.')];
  const named = [ui.visibleWhen, ui.requiredWhen].flatMap((condition) => (condition ? fieldsIn(condition) : []));
  const unknown = named.filter((key) => !Object.hasOwn(parent.properties ?? {}, key));
  return [
    ...(ui.label ? [] : [at(`${path}/ui/label`, 'A field needs a label.')]),
    ...(ui.options?.length === 0 ? [at(`${path}/ui/options`, 'A field with options needs at least one.')] : []),
    ...unknown.map((key) => at(`${path}/ui`, `A condition names "${key}", which is no field beside this one.`)),
    ...(hasBadDefault(schema) ? [at(`${path}/default`, 'The default does not fit the field.')] : []),
  ];
}

function fieldsIn(condition: Condition): string[] {
  if ('all' in condition) return condition.all.flatMap(fieldsIn);
  if ('any' in condition) return condition.any.flatMap(fieldsIn);
  return 'not' in condition ? fieldsIn(condition.not) : [condition.field];
}

const hasBadDefault = (schema: Keywords) => schema.default !== undefined && !Value.Check(schema, schema.default);

function checkCompiles(schema: TObject): Problem[] {
  try {
    Compile(schema);
    return [];
  } catch (error) {
    return [at('/configSchema', `The schema cannot be compiled: ${error instanceof Error ? error.message : error}`)];
  }
}

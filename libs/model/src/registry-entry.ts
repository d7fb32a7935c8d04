import { fieldTypes, normalizations } from './field.js';
import { ArtifactKind, SourceKind } from './kinds.js';
import { type Static, Type } from './typebox.js';

/** The metadata of a registry entry, as `GET /providers` and its siblings answer it. */
const metadata = {
  id: Type.String(),
  name: Type.String(),
  description: Type.String(),
  icon: Type.String(),
  category: Type.String(),
  tags: Type.Array(Type.String()),
  version: Type.String(),
  versions: Type.Array(Type.String()),
  enabled: Type.Boolean(),
  deprecated: Type.Optional(Type.String({ description: 'Still works; says what to use instead.' })),
};

export const ProviderMetadata = Type.Object({ ...metadata, produces: SourceKind });
export type ProviderMetadata = Static<typeof ProviderMetadata>;

export const BuilderMetadata = Type.Object({ ...metadata, accepts: Type.Array(SourceKind), produces: ArtifactKind });
export type BuilderMetadata = Static<typeof BuilderMetadata>;

export const RuntimeMetadata = Type.Object({
  ...metadata,
  accepts: Type.Array(ArtifactKind),
  commands: Type.Boolean({ description: 'Whether commands and schedules can be run with it.' }),
});
export type RuntimeMetadata = Static<typeof RuntimeMetadata>;

/** A condition or a rule, as `libs/model/src/condition.ts` writes them. */
const Condition = Type.Unknown({ description: 'Over the other fields: see the guide to config schemas.' });

const field = {
  key: Type.String(),
  label: Type.String(),
  type: Type.Enum([...fieldTypes]),
  required: Type.Boolean(),
  default: Type.Optional(Type.Unknown()),
  description: Type.Optional(Type.String()),
  placeholder: Type.Optional(Type.String()),
  options: Type.Optional(Type.Array(Type.Object({ value: Type.String(), label: Type.String() }))),
  group: Type.Optional(Type.String()),
  order: Type.Integer(),
  secret: Type.Boolean(),
  immutable: Type.Boolean({ description: 'Cannot be changed once a service is saved.' }),
  deprecated: Type.Optional(Type.String({ description: 'Still works; says what to use instead.' })),
  normalize: Type.Optional(Type.Array(Type.Enum([...normalizations]))),
  visibleWhen: Type.Optional(Condition),
  requiredWhen: Type.Optional(Condition),
  minimum: Type.Optional(Type.Number()),
  maximum: Type.Optional(Type.Number()),
  minLength: Type.Optional(Type.Integer()),
  maxLength: Type.Optional(Type.Integer()),
  pattern: Type.Optional(Type.String()),
  minItems: Type.Optional(Type.Integer()),
  maxItems: Type.Optional(Type.Integer()),
};

/** One field of a form, flat. Absent facts are left out. */
export const ConfigField = Type.Object({
  ...field,
  items: Type.Optional(
    Type.Array(Type.Object(field), { description: 'The fields of each entry, where the list holds objects.' }),
  ),
});
export type ConfigField = Static<typeof ConfigField>;

export const ConfigSchema = Type.Object({
  id: Type.String(),
  version: Type.String(),
  title: Type.String(),
  description: Type.String(),
  jsonSchema: Type.Record(Type.String(), Type.Unknown()),
  fields: Type.Array(ConfigField),
  groups: Type.Array(Type.Object({ id: Type.String(), label: Type.String() })),
  rules: Type.Array(
    Type.Object({
      assert: Condition,
      field: Type.String({ description: 'The key of the field where a breach is told.' }),
      message: Type.String(),
    }),
    { description: 'What must hold between fields, beyond the JSON Schema.' },
  ),
});
export type ConfigSchema = Static<typeof ConfigSchema>;

export const ConfigProblem = Type.Object({
  path: Type.String({ description: 'JSON Pointer into the config.' }),
  code: Type.String(),
  message: Type.String(),
});

export const ValidationResult = Type.Object({
  valid: Type.Boolean(),
  errors: Type.Array(ConfigProblem),
  warnings: Type.Array(ConfigProblem),
  config: Type.Record(Type.String(), Type.Unknown(), {
    description: 'Normalised, with defaults filled in, secrets as `{ secret: true }`, and no keys that are unknown.',
  }),
});
export type ValidationResult = Static<typeof ValidationResult>;

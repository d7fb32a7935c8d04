import { fieldTypes } from './field.js';
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
};

export const ProviderMetadata = Type.Object({ ...metadata, produces: SourceKind });
export type ProviderMetadata = Static<typeof ProviderMetadata>;

export const BuilderMetadata = Type.Object({ ...metadata, accepts: Type.Array(SourceKind), produces: ArtifactKind });
export type BuilderMetadata = Static<typeof BuilderMetadata>;

export const RuntimeMetadata = Type.Object({ ...metadata, accepts: Type.Array(ArtifactKind) });
export type RuntimeMetadata = Static<typeof RuntimeMetadata>;

/** One field of a form, flat. Absent facts are left out. */
export const ConfigField = Type.Object({
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
  visibleWhen: Type.Optional(Type.Unknown()),
  requiredWhen: Type.Optional(Type.Unknown()),
  minimum: Type.Optional(Type.Number()),
  maximum: Type.Optional(Type.Number()),
  minLength: Type.Optional(Type.Integer()),
  maxLength: Type.Optional(Type.Integer()),
  pattern: Type.Optional(Type.String()),
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
  config: Type.Record(Type.String(), Type.Unknown(), { description: 'Normalised, with defaults filled in.' }),
});
export type ValidationResult = Static<typeof ValidationResult>;

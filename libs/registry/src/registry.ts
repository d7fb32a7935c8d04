import {
  type CallContext,
  type ConfigSchema,
  type Manifest,
  messageOf,
  UserError,
  type ValidationResult,
  WorldError,
} from '@pierhead/model';
import { rcompare } from 'semver';
import { checkManifest, type Kind } from './check-manifest.js';
import { describeConfig } from './config-schema.js';
import { validateDeeply } from './deep-validation.js';
import { configValidator, type ValidateConfig } from './validate-config.js';

interface Entry<Instance, M> {
  manifest: M;
  schema: ConfigSchema;
  validate: ValidateConfig;
  factory?: Promise<() => Instance>;
}

/** What every kind of entry tells of itself. */
export interface Metadata {
  id: string;
  name: string;
  description: string;
  icon: string;
  category: string;
  tags: string[];
  version: string;
  versions: string[];
  enabled: boolean;
}

/** Entries by id and version. Only `instance` and a deep validation load an implementation. */
export class Registry<Instance, M extends Manifest<Instance>> {
  readonly #entries = new Map<string, Map<string, Entry<Instance, M>>>();

  constructor(readonly kind: Kind) {}

  /** Throws UserError with the paths of all faults; a refused manifest leaves nothing behind. */
  register(manifest: M): void {
    const problems = checkManifest(this.kind, manifest);
    if (problems.length > 0) {
      const faults = problems.map(({ path, message }) => `${path}: ${message}`).join(' ');
      throw new UserError('invalid_manifest', `A ${this.kind} cannot be registered. ${faults}`, { problems });
    }
    if (this.#entries.has(manifest.id)) {
      const message = `A ${this.kind} with the id "${manifest.id}" is registered already.`;
      const problem = { path: '/id', code: 'duplicate_id', message };
      throw new UserError('duplicate_id', message, { problems: [problem] });
    }
    this.#entries.set(manifest.id, new Map([[manifest.version, entryOf<Instance, M>(manifest)]]));
  }

  /** The newest version of every entry, in the order of registration. */
  manifests(): M[] {
    return [...this.#entries.keys()].flatMap((id) => this.manifest(id) ?? []);
  }

  manifest(id: string, version?: string): M | null {
    return this.#entry(id, version)?.manifest ?? null;
  }

  metadata(id: string): Metadata | null {
    const manifest = this.manifest(id);
    if (!manifest) return null;
    const { name, description, icon, category, tags, version } = manifest;
    return {
      id,
      name,
      description,
      icon,
      category,
      tags: [...tags],
      version,
      versions: this.#versions(id),
      enabled: true,
    };
  }

  schema(id: string, version?: string): ConfigSchema | null {
    const entry = this.#entry(id, version);
    return entry ? structuredClone(entry.schema) : null;
  }

  /** A fresh instance; throws WorldError when the implementation cannot be loaded. */
  async instance(id: string, version?: string): Promise<Instance | null> {
    const entry = this.#entry(id, version);
    return entry ? (await this.#factory(entry))() : null;
  }

  /** Checks a config against its schema and, given a context, against the outside world too. */
  async validate(id: string, config: unknown, context?: CallContext): Promise<ValidationResult | null> {
    const result = this.#entry(id)?.validate(config) ?? null;
    if (!result?.valid || !context) return result;
    return validateDeeply(await this.instance(id), result, context);
  }

  #entry(id: string, version?: string): Entry<Instance, M> | undefined {
    const wanted = version ?? this.#versions(id)[0];
    return wanted === undefined ? undefined : this.#entries.get(id)?.get(wanted);
  }

  #versions(id: string): string[] {
    return [...(this.#entries.get(id)?.keys() ?? [])].sort(rcompare);
  }

  async #factory(entry: Entry<Instance, M>): Promise<() => Instance> {
    entry.factory ??= entry.manifest.load();
    try {
      return await entry.factory;
    } catch (cause) {
      delete entry.factory;
      const message = `The ${this.kind} "${entry.manifest.id}" cannot be loaded: ${messageOf(cause)}`;
      throw new WorldError(`${this.kind}_not_loadable`, message, { cause });
    }
  }
}

function entryOf<Instance, M extends Manifest<Instance>>(manifest: M): Entry<Instance, M> {
  const schema = describeConfig(manifest);
  return { manifest, schema, validate: configValidator(manifest.configSchema, schema) };
}

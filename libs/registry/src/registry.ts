import { type ConfigSchema, type Manifest, type Problem, UserError, type ValidationResult } from '@pierhead/model';
import { checkManifest, type Kind } from './check-manifest.js';
import { validateDeeply } from './deep-validation.js';
import { Entry, type ValidateOptions } from './entry.js';
import { migrateConfig } from './migrate-config.js';
import { newestFirst } from './versions.js';

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
  deprecated?: string;
}

/** A config carried to another version of its entry; `result` is its validation there. */
export interface MigratedConfig {
  from: string;
  to: string;
  config: Record<string, unknown>;
  result: ValidationResult;
}

/** Entries by id and version. Only `instance` and a deep validation load an implementation. */
export class Registry<Instance, M extends Manifest<Instance>> {
  readonly #entries = new Map<string, Map<string, Entry<Instance, M>>>();
  readonly #versions = new Map<string, string[]>();

  constructor(readonly kind: Kind) {}

  /** Throws UserError with the paths of all faults; a refused manifest leaves nothing behind. */
  register(manifest: M): void {
    const problems = this.problems(manifest);
    if (problems.length > 0) throw refused(this.kind, problems);
    const { id, version } = manifest;
    const versions = this.#entries.get(id) ?? new Map<string, Entry<Instance, M>>();
    this.#entries.set(id, versions.set(version, new Entry<Instance, M>(this.kind, manifest)));
    this.#versions.set(id, newestFirst(versions.keys()));
  }

  /** What keeps a manifest from being registered here. */
  problems(manifest: M): Problem[] {
    const problems = checkManifest(this.kind, manifest);
    if (problems.length > 0 || !this.#entries.get(manifest.id)?.has(manifest.version)) return problems;
    const message = `Version ${manifest.version} of the ${this.kind} "${manifest.id}" is registered already.`;
    return [{ path: '/version', code: 'duplicate_version', message }];
  }

  /** The newest version of every entry, in the order of registration. */
  manifests(): M[] {
    return [...this.#entries.keys()].flatMap((id) => this.manifest(id) ?? []);
  }

  /** The newest unless a version is named. */
  manifest(id: string, version?: string): M | null {
    return this.#entry(id, version)?.manifest ?? null;
  }

  metadata(id: string, version?: string): Metadata | null {
    const manifest = this.manifest(id, version);
    if (!manifest) return null;
    const { name, description, icon, category, tags, deprecated } = manifest;
    return {
      id,
      name,
      description,
      icon,
      category,
      tags: [...tags],
      version: manifest.version,
      versions: [...(this.#versions.get(id) ?? [])],
      enabled: true,
      ...(deprecated !== undefined && { deprecated }),
    };
  }

  schema(id: string, version?: string): ConfigSchema | null {
    const entry = this.#entry(id, version);
    return entry ? structuredClone(entry.schema) : null;
  }

  /** A fresh instance; throws WorldError when the implementation cannot be loaded. */
  async instance(id: string, version?: string): Promise<Instance | null> {
    return this.#entry(id, version)?.instance() ?? null;
  }

  /** Checks a config against its schema and, given a context, against the outside world too. */
  async validate(id: string, config: unknown, options: ValidateOptions = {}): Promise<ValidationResult | null> {
    const entry = this.#entry(id, options.version);
    if (!entry) return null;
    const result = entry.validate(config, options.previous);
    return options.context ? validateDeeply(() => entry.instance(), result, options.context) : result;
  }

  /** Carries a config from an older version to `to`, the newest unless given. */
  async migrate(id: string, config: unknown, from: string, to?: string): Promise<MigratedConfig | null> {
    const target = this.#entry(id, to);
    if (!target) return null;
    const { version } = target.manifest;
    const steps = [...(this.#entries.get(id)?.values() ?? [])].map(({ manifest }) => manifest);
    const migrated = await migrateConfig(config, from, version, steps);
    const result = migrated.problem ? stopped(migrated.problem) : target.validate(migrated.config);
    return { from, to: version, config: result.valid ? result.config : migrated.config, result };
  }

  #entry(id: string, version?: string): Entry<Instance, M> | undefined {
    const wanted = version ?? this.#versions.get(id)?.[0];
    return wanted === undefined ? undefined : this.#entries.get(id)?.get(wanted);
  }
}

const stopped = (problem: Problem): ValidationResult => ({ valid: false, errors: [problem], warnings: [], config: {} });

function refused(kind: Kind, problems: Problem[]): UserError {
  const faults = problems.map(({ path, message }) => `${path}: ${message}`).join(' ');
  const [code] = problems.map((problem) => problem.code).filter((code) => code === 'duplicate_version');
  return new UserError(code ?? 'invalid_manifest', `A ${kind} cannot be registered. ${faults}`, { problems });
}

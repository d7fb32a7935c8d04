import {
  type CallContext,
  type ConfigSchema,
  type Manifest,
  messageOf,
  UserError,
  type ValidationResult,
  WorldError,
} from '@pierhead/model';
import type { Kind } from './check-manifest.js';
import { describeConfig } from './config-schema.js';
import { configValidator, type ValidateConfig } from './validate-config.js';

export interface ValidateOptions {
  /** The newest unless given. */
  version?: string;
  /** The config that is stored: immutable fields are held against it. */
  previous?: unknown;
  /** Given one, the outside world is asked too. */
  context?: CallContext;
}

/** One version of one id. Its schema is described, its validation compiled and its code loaded on first use. */
export class Entry<Instance, M extends Manifest<Instance>> {
  #schema?: ConfigSchema;
  #validate?: ValidateConfig;
  #factory?: Promise<() => Instance>;

  constructor(
    readonly kind: Kind,
    readonly manifest: M,
  ) {}

  get schema(): ConfigSchema {
    this.#schema ??= describeConfig(this.manifest);
    return this.#schema;
  }

  validate(config: unknown, previous?: unknown): ValidationResult {
    this.#validate ??= configValidator(this.manifest.configSchema, this.schema, this.manifest.deprecated);
    return this.#validate(config, previous);
  }

  /** A fresh instance; throws WorldError when the implementation cannot be loaded, which is then tried again. */
  async instance(): Promise<Instance> {
    this.#factory ??= this.manifest.load();
    try {
      return (await this.#factory)();
    } catch (error) {
      this.#factory = undefined;
      throw this.#notLoadable(error);
    }
  }

  #notLoadable(cause: unknown): Error {
    if (cause instanceof UserError || cause instanceof WorldError) return cause;
    const message = `The ${this.kind} "${this.manifest.id}" cannot be loaded: ${messageOf(cause)}`;
    return new WorldError(`${this.kind}_not_loadable`, message, { cause });
  }
}

import { type Manifest, messageOf, type Problem } from '@pierhead/model';
import { compare } from 'semver';
import { isPlainObject } from './copy-json.js';
import { isVersion } from './versions.js';

type Config = Record<string, unknown>;
type Step = Pick<Manifest, 'version' | 'migrateConfig'>;

/** What a config became on its way to a newer version, and what stopped it, if anything did. */
export interface Migrated {
  config: Config;
  problem: Problem | null;
}

/** Takes the migration of every version above `from` up to `to`, oldest first; what was given is never changed. */
export async function migrateConfig(
  config: unknown,
  from: string,
  to: string,
  versions: readonly Step[],
): Promise<Migrated> {
  if (!isPlainObject(config)) return failed({}, 'The config is no object.');
  if (!isVersion(from)) return failed(config, `"${from}" is no semantic version.`);
  const isOnTheWay = ({ version }: Step) => compare(version, from) > 0 && compare(version, to) <= 0;
  const steps = versions.filter(isOnTheWay).sort((a, b) => compare(a.version, b.version));
  return take(steps, config, from);
}

async function take([step, ...rest]: readonly Step[], config: Config, from: string): Promise<Migrated> {
  if (!step) return { config, problem: null };
  const next = await migrated(step, config, from);
  return next.problem ? next : take(rest, next.config, step.version);
}

async function migrated(step: Step, config: Config, from: string): Promise<Migrated> {
  if (!step.migrateConfig) return { config, problem: null };
  const way = `The migration from ${from} to ${step.version}`;
  try {
    const answer: unknown = await step.migrateConfig(structuredClone(config), from);
    return isPlainObject(answer) ? { config: answer, problem: null } : failed(config, `${way} answered no object.`);
  } catch (error) {
    return failed(config, `${way} failed: ${messageOf(error)}`);
  }
}

const failed = (config: Config, message: string): Migrated => ({
  config,
  problem: { path: '', code: 'migration_failed', message },
});

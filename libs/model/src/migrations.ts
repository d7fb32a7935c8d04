import compare from 'semver/functions/compare.js';

type Config = Record<string, unknown>;

/** Carries a config that was written for anything older than `to` to the shape that `to` has. */
export interface Migration {
  /** Semver. */
  to: string;
  migrate(config: Config): Config;
}

/** A manifest's `migrateConfig` out of its steps: from any older version, every step that is newer is taken in order. */
export function migrations(...steps: Migration[]): (config: Config, from: string) => Config {
  const inOrder = [...steps].sort((a, b) => compare(a.to, b.to));
  return (config, from) =>
    inOrder.filter(({ to }) => compare(to, from) > 0).reduce((current, { migrate }) => migrate(current), config);
}

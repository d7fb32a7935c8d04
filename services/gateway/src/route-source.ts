import type { Answered, Route } from '@pierhead/model';

/** All routes, as one consistent reading; `version` counts the changes that it holds. */
export interface RouteReading {
  version: number;
  routes: Route[];
}

/** What the gateway has not done yet of a reading. */
export interface RouteState {
  /** The deployments that are no longer served, and that something is still under way to. */
  draining: string[];
  /** The deployments that are not served yet, and why not; null while it still looks. */
  withheld: Record<string, string | null>;
}

/** Where the gateway learns its routes. */
export interface RouteSource {
  load(): Promise<RouteReading>;
  /** Calls back whenever routes may have changed, a regained connection included; answers how to stop. */
  subscribe(onChange: () => void): Promise<() => Promise<void>>;
  /**
   * Told the version of each reading once this gateway serves it, and at least every ten seconds.
   */
  acknowledge?(version: number, state: RouteState): Promise<void>;
  /** Told, about every second, what was answered since. */
  report?(answered: readonly Answered[]): Promise<void>;
  /** Told when this gateway serves no more. */
  leave?(): Promise<void>;
}

import type { Answered, Route } from '@pierhead/model';

/** All routes, as one consistent reading; `version` counts the changes that it holds. */
export interface RouteReading {
  version: number;
  routes: Route[];
}

/** Where the gateway learns its routes. */
export interface RouteSource {
  load(): Promise<RouteReading>;
  /** Calls back whenever routes may have changed, a regained connection included; answers how to stop. */
  subscribe(onChange: () => void): Promise<() => Promise<void>>;
  /**
   * Told the version of each reading once this gateway serves it, and at least every ten seconds.
   * @param draining the deployments that are no longer served, and that something is still under way to
   */
  acknowledge?(version: number, draining: string[]): Promise<void>;
  /** Told, about every second, what was answered since. */
  report?(answered: readonly Answered[]): Promise<void>;
  /** Told when this gateway serves no more. */
  leave?(): Promise<void>;
}

import type { Route } from '@pierhead/model';

/** All routes, as one consistent reading; `version` names that reading where the source counts them. */
export interface Routes extends Array<Route> {
  version?: number;
}

/** Where the gateway learns its routes. */
export interface RouteSource {
  load(): Promise<Routes>;
  /** Calls back whenever routes may have changed, a regained connection included; answers how to stop. */
  subscribe(onChange: () => void): Promise<() => Promise<void>>;
  /** Told the version of each reading once this gateway serves it. */
  acknowledge?(version: number | undefined): Promise<void>;
}

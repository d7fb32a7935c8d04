import { SiteRules } from './artifact.js';
import { type Static, Type } from './typebox.js';

/** Where the gateway sends a request: to a server, or to files in storage. */
export const Upstream = Type.Union([
  Type.Object({ kind: Type.Literal('http'), host: Type.String(), port: Type.Integer() }),
  Type.Object({ kind: Type.Literal('files'), digest: Type.String(), rules: SiteRules }),
]);
export type Upstream = Static<typeof Upstream>;

/** How to ask a server whether it is well. */
export interface Look {
  /** Left out: an open port is enough. */
  path?: string;
  /** What the path may answer with, such as `200, 300-399`. */
  statuses: string;
  timeoutSeconds: number;
}

/** How many requests a release has answered, and how many of them with 5xx. */
export interface Traffic {
  deploymentId: string;
  requests: number;
  failures: number;
}

/** What a gateway answered for a release. */
export interface Answered extends Traffic {
  /** By class of status, 1xx at 1; at 0 those whose client left before an answer. */
  responses: number[];
  /** How many took how long, by range. */
  durations: number[];
}

/** A hostname and what answers it. */
export interface Route {
  hostname: string;
  serviceId: string;
  environment: string;
  deploymentId: string;
  upstreams: Upstream[];
  /** How its servers are asked whether they are well; null where they are not. */
  look: Look | null;
  /** How long what is under way to the release may take once the route goes elsewhere. */
  drainSeconds: number;
}

import type { Delivery, Timeouts, Upstream } from '@pierhead/model';

/** A secret at rest, under a key that no user's value may have: authenticated, bound to the service that it belongs to. */
export interface Sealed {
  $sealed: string;
}

/** A config whose secret fields are sealed. */
export type StoredConfig = Record<string, unknown>;
export type StoredVariables = Record<string, string | Sealed>;

type Newer = 'workerLabels' | 'timeouts' | 'drainSeconds' | 'guardSeconds';
/** Services from before there were such settings have none. */
export type StoredDelivery = Omit<Delivery, Newer> & Partial<Delivery>;

/** Where the same source can be had when its own place is down. */
export interface StoredSource {
  providerId: string;
  providerVersion: string;
  providerConfig: StoredConfig;
}

/** `fallback` counts the fallback sources from 0; null for the service's own source. */
export interface SourceUsed {
  providerId: string;
  fallback: number | null;
}

/** The release that was live before a deployment, as it was served. */
export interface Replaced {
  deploymentId: string;
  upstreams: Upstream[];
}

/** How an artifact came about, as its worker knew it. Holds no secret. */
export interface Origin {
  /** What the deployment fetched; the digest, `sha256:…`, is of the files or the image, null where there is none. */
  source: { revision: string; url: string | null; digest: string | null };
  /** What the build took in beside the source, as far as the builder names it. */
  dependencies: { name: string; digest: string }[];
  /** The build itself, which may be that of another deployment. */
  build: { deploymentId: string; worker: string; startedAt: string; finishedAt: string };
}

/** What a deployment needs of its service, frozen when the deployment was asked for. */
export interface Snapshot {
  serviceName: string;
  providerId: string;
  providerVersion: string;
  builderId: string;
  builderVersion: string;
  runtimeId: string;
  runtimeVersion: string;
  providerConfig: StoredConfig;
  builderConfig: StoredConfig;
  runtimeConfig: StoredConfig;
  fallbackSources: StoredSource[];
  variables: StoredVariables;
  /** What the service asks of its worker. */
  workerLabels: string[];
  timeouts: Timeouts;
}

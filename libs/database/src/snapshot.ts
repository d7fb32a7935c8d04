/** A secret at rest: authenticated, bound to the service that it belongs to. */
export interface Sealed {
  sealed: string;
}

/** A config whose secret fields are sealed. */
export type StoredConfig = Record<string, unknown>;
export type StoredVariables = Record<string, string | Sealed>;

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
  variables: StoredVariables;
}

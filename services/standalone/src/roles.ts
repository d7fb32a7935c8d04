import type { RoleConfig } from './messages.js';

export interface RunningRole {
  url: string;
  /** Takes in what has changed outside, such as plugins. */
  reload?(): Promise<unknown>;
  close(): Promise<void>;
}

export interface Role {
  /** Imports the role; nothing else of it is loaded elsewhere. */
  load(): Promise<(config: RoleConfig) => Promise<RunningRole>>;
  /** The variable that moves it to another port. */
  portVariable: string;
}

export const roles: Readonly<Record<string, Role>> = {
  catalog: {
    load: async () => (await import('@pierhead/catalog')).startCatalog,
    portVariable: 'PIERHEAD_CATALOG_PORT',
  },
  api: { load: async () => (await import('@pierhead/api')).startApi, portVariable: 'PIERHEAD_API_PORT' },
  gateway: {
    load: async () => (await import('@pierhead/gateway')).startGateway,
    portVariable: 'PIERHEAD_GATEWAY_PORT',
  },
  worker: { load: async () => (await import('@pierhead/worker')).startWorker, portVariable: 'PIERHEAD_WORKER_PORT' },
};

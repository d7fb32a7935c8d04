import type { RegistrySource } from '@pierhead/plugin-host';

/** Asked at each request for the registries as they are then. */
export type CatalogSource = () => Pick<RegistrySource, 'current' | 'plugins' | 'reload'>;

export { type Catalog, createCatalog } from './create-catalog.js';
export { type CatalogConfig, startCatalog } from './start-catalog.js';

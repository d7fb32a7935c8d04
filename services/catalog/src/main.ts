import { readConfig } from '@pierhead/config';
import { startCatalog } from './start-catalog.js';

// The server's own modules are loaded while plugins are being read.
const config = (async () => readConfig(['catalogToken']))();
const starting = config.then(startCatalog);
starting.catch(() => {});
const { runService } = await import('@pierhead/http');
await runService(
  () => config,
  () => starting,
);

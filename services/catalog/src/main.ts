import { readConfig } from '@pierhead/config';
import { startCatalog } from './start-catalog.js';

// The server's own modules are loaded while plugins are being read.
const starting = (async () => startCatalog(readConfig()))();
starting.catch(() => {});
const { runService } = await import('@pierhead/http');
await runService(() => starting);

import { readConfig } from '@pierhead/config';
import { runService } from '@pierhead/http';
import { startCatalog } from './start-catalog.js';

await runService(() => startCatalog(readConfig()));

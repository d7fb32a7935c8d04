import { readConfig } from '@pierhead/config';
import { runService } from '@pierhead/http';
import { startWorker } from './start-worker.js';

await runService(() => readConfig(['databaseUrl', 'secretKey']), startWorker);

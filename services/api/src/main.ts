import { readConfig } from '@pierhead/config';
import { runService } from '@pierhead/http';
import { startApi } from './start-api.js';

await runService(() => readConfig(['databaseUrl', 'catalogUrl', 'catalogToken', 'secretKey', 'adminToken']), startApi);

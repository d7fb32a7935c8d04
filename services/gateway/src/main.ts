import { readConfig } from '@pierhead/config';
import { runService } from '@pierhead/http';
import { startGateway } from './start-gateway.js';

await runService(() => readConfig(['databaseUrl']), startGateway);

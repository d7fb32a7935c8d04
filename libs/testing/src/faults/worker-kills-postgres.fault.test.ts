import t from 'tap';
import { killWorkers } from './worker-kills.js';

t.setTimeout(0);

t.test('workers are killed, with the queue on PostgreSQL', (t) => killWorkers(t, 'postgres'));

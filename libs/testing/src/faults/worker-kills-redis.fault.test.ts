import t from 'tap';
import { redisMissing } from '../redis.js';
import { killWorkers } from './worker-kills.js';

t.setTimeout(0);

t.test('workers are killed, with the queue on Redis', { skip: redisMissing() }, (t) => killWorkers(t, 'redis'));

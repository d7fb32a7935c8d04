import { once } from 'node:events';
import { messageOf } from '@pierhead/model';
import { deploySample } from './deploy-sample.js';

process.on('disconnect', () => process.exit(1));
const [order] = (await once(process, 'message')) as [{ apiUrl: string; token: string }];
const result = await deploySample(order.apiUrl, order.token).catch((error) => ({ fault: messageOf(error) }));
process.send?.(result, undefined, undefined, () => process.exit(0));

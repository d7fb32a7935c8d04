export type { QueueSettings } from './backend.js';
export { createQueue, type DeploymentQueue } from './queue.js';
export { createQueueWorker, type QueueWorker, type QueueWorkerOptions } from './worker.js';

export type { QueueSettings } from './backend.js';
export { createQueue, type WorkQueue } from './queue.js';
export { createScheduleQueue, type Recurrence, type ScheduleQueue } from './schedules.js';
export { createQueueWorker, type QueueWorker, type QueueWorkerOptions } from './worker.js';

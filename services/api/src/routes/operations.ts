import { StorageReport, Type, WorkerInfo } from '@pierhead/model';
import type { Routes } from '../routes.js';
import { problems } from '../schemas.js';
import { storageReport } from '../storage-report.js';

const StorageQuery = Type.Object({
  limit: Type.Integer({
    minimum: 1,
    maximum: 1_000,
    default: 100,
    description: 'How many artifacts, and how many uploads, are listed. The totals are of all.',
  }),
});

export const operationRoutes: Routes = async (app, context) => {
  app.get(
    '/workers',
    {
      schema: {
        tags: ['Operations'],
        operationId: 'listWorkers',
        summary: 'List workers: slots, what each can build and run, last heartbeat',
        response: { 200: Type.Array(WorkerInfo), ...problems() },
      },
    },
    async () => context.workers.list(),
  );

  app.get(
    '/storage',
    {
      schema: {
        tags: ['Operations'],
        operationId: 'readStorage',
        summary: 'Tell which artifacts and uploads are kept, and why',
        description:
          'Workers remove what nothing needs some seconds after each deployment and every half minute: artifacts that are neither live nor among the releases that a service keeps, and uploads that nothing has used for a day.',
        querystring: StorageQuery,
        response: { 200: StorageReport, ...problems() },
      },
    },
    async ({ query }) => storageReport(query.limit, context),
  );
};

import { Type, WorkerInfo } from '@pierhead/model';
import type { Routes } from '../routes.js';
import { problems } from '../schemas.js';

export const operationRoutes: Routes = async (app, { workers }) => {
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
    async () => workers.list(),
  );
};

import { type KeyRotationInput as Input, KeyRotation, KeyRotationInput } from '@pierhead/model';
import { rotateKeys } from '../rotate-keys.js';
import type { Routes } from '../routes.js';
import { bodyMayBeMissing, problems } from '../schemas.js';

export const keyRoutes: Routes = async (app, context) => {
  app.post(
    '/keys/rotate',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['Operations'],
        operationId: 'rotateKeys',
        summary: 'Seal with the key in use what older ones have sealed',
        description:
          'Goes through all services and deployments while everything runs, for some seconds with each request: ask again with `nextCursor` until that is null. It may end anywhere, and begin again. When a whole round has sealed nothing anew, the old keys are not needed any more.',
        body: KeyRotationInput,
        response: { 200: KeyRotation, ...problems(409, 413, 415) },
      },
      preValidation: bodyMayBeMissing,
    },
    async (request) => {
      const { cursor }: Input = request.body;
      const rotation = await rotateKeys(cursor, context);
      const { keyId: id, sealed, resealed, unknown } = rotation;
      const left = unknown.reduce((sum, { secrets }) => sum + secrets, 0);
      request.audit = { target: { kind: 'key', id }, after: { sealed, resealed, unknown: left } };
      return rotation;
    },
  );
};

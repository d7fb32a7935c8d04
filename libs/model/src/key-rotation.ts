import { Id, nullable } from './common.js';
import { type Static, Type } from './typebox.js';

const KeyId = Type.String({
  description: 'The first bytes of the hash of a key: it names the key, and tells nothing of it.',
});

export const KeyRotationInput = Type.Object(
  {
    cursor: Type.Optional(
      Type.String({
        maxLength: 200,
        description: 'The `nextCursor` of the answer before; from the beginning without it.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type KeyRotationInput = Static<typeof KeyRotationInput>;

export const KeyRotation = Type.Object({
  keyId: Type.String({ ...KeyId, description: 'The key in use.' }),
  sealed: Type.Integer({ description: 'How many secrets this request has looked at.' }),
  resealed: Type.Integer({ description: 'How many of them an old key had sealed, and the one in use has sealed now.' }),
  unknown: Type.Array(
    Type.Object({
      serviceId: Id,
      keyId: KeyId,
      secrets: Type.Integer({ description: 'How many of the service, and of its deployments.' }),
    }),
    { description: 'What no key opens that the api has: it is left as it is.' },
  ),
  nextCursor: nullable(Type.String({ description: 'Null when everything has been looked at.' })),
});
export type KeyRotation = Static<typeof KeyRotation>;

import { Id, nullable, PageQuery, Timestamp } from './common.js';
import { type Static, Type } from './typebox.js';

/** What was changed: `{ kind: 'service', id }`. */
export const AuditTarget = Type.Object({ kind: Type.String(), id: Type.String() });
export type AuditTarget = Static<typeof AuditTarget>;

export const AuditEntry = Type.Object({
  id: Id,
  at: Timestamp,
  actor: nullable(Type.String({ description: 'The name of the token; null where a route needs none.' })),
  tokenId: nullable(Type.String({ ...Id, description: 'Null for the token of the configuration.' })),
  action: Type.String({
    description: "The route's operationId, or `noticed…` for something unusual that Pierhead itself noticed.",
  }),
  target: nullable(AuditTarget),
  before: Type.Unknown({ description: 'The target before, secrets masked; null where there was none.' }),
  after: Type.Unknown({ description: 'The target after, secrets masked; null where there is none.' }),
  requestId: Type.String({ format: 'uuid' }),
  address: nullable(Type.String({ description: 'Where the connection came from.' })),
});
export type AuditEntry = Static<typeof AuditEntry>;

const text = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\u0000-\\u001f]*$', description }));
const time = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }));

export const AuditQuery = Type.Object({
  ...PageQuery.properties,
  actor: text('The name of a token.'),
  action: text('An operationId, or what was noticed.'),
  targetId: text('The id of what was changed.'),
  from: time('Not earlier than this.'),
  to: time('Earlier than this.'),
});

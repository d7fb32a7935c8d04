import { Id, Name, nullable, Timestamp } from './common.js';
import { type Static, Type } from './typebox.js';

/** What a token may do; each scope includes those before it. */
export const scopes = ['read', 'deploy', 'admin'] as const;
export const Scope = Type.Enum([...scopes]);
export type Scope = Static<typeof Scope>;

/** Whether what was granted includes what is needed. */
export const includesScope = (granted: readonly Scope[], needed: Scope): boolean =>
  granted.some((scope) => scopes.indexOf(scope) >= scopes.indexOf(needed));

const Scopes = Type.Array(Scope, {
  minItems: 1,
  uniqueItems: true,
  description: '`admin` includes `deploy`, `deploy` includes `read`.',
});

export const TokenInput = Type.Object(
  {
    name: Name,
    scopes: Scopes,
    projects: Type.Optional(
      Type.Array(Id, {
        minItems: 1,
        maxItems: 100,
        uniqueItems: true,
        description: 'The projects that it is limited to; without them it reaches everything.',
      }),
    ),
    expiresAt: Type.Optional(Type.String({ ...Timestamp, description: 'It never expires unless this is given.' })),
  },
  { additionalProperties: false },
);
export type TokenInput = Static<typeof TokenInput>;

export const Token = Type.Object({
  id: Id,
  name: Name,
  scopes: Scopes,
  projects: nullable(Type.Array(Id, { description: 'The projects that it is limited to; null without a limit.' })),
  expiresAt: nullable(Timestamp),
  createdAt: Timestamp,
  lastUsedAt: nullable(Type.String({ ...Timestamp, description: 'To the minute.' })),
});
export type Token = Static<typeof Token>;

export const CreatedToken = Type.Object({
  ...Token.properties,
  token: Type.String({ description: 'The token itself: shown here and never again.' }),
});
export type CreatedToken = Static<typeof CreatedToken>;

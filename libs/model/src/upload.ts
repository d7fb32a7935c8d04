import { Id } from './common.js';
import { type Static, Type } from './typebox.js';

export const Upload = Type.Object({
  id: Id,
  digest: Type.String({ description: 'sha256 over the bytes.' }),
  bytes: Type.Integer(),
  files: Type.Integer(),
});
export type Upload = Static<typeof Upload>;

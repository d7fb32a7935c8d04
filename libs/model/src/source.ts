import { type Static, Type } from './typebox.js';

/** What a deployment was asked to ship; with neither, the config's own default. */
export interface Want {
  ref?: string;
  revision?: string;
}

/** An immutable point of the source. What was resolved is what ships. */
export const Revision = Type.Object({
  /** A commit, or a digest. */
  id: Type.String(),
  ref: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
  author: Type.Optional(Type.String()),
  url: Type.Optional(Type.String()),
});
export type Revision = Static<typeof Revision>;

/** What a provider fetched: a folder inside the workspace, or an image pinned by digest. */
export type Source =
  | { kind: 'tree'; path: string }
  | { kind: 'site'; path: string }
  | { kind: 'image'; reference: string };

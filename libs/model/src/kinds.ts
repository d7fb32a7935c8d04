import { type Static, Type } from './typebox.js';

/** What a provider produces: source to build, files ready to serve, or an image reference. */
export const SourceKind = Type.Enum(['tree', 'site', 'image']);
export type SourceKind = Static<typeof SourceKind>;

/** What a builder produces: an image in the engine, or a tree of files in storage. */
export const ArtifactKind = Type.Enum(['image', 'files']);
export type ArtifactKind = Static<typeof ArtifactKind>;

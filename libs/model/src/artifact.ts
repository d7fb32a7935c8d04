import { type Static, Type } from './typebox.js';

/** How the gateway serves a tree of files. Paths start with a slash. */
export const SiteRules = Type.Object({
  index: Type.String(),
  errorPage: Type.Optional(Type.String()),
  /** Served with 200 for every unknown path, for single-page apps. */
  fallback: Type.Optional(Type.String()),
  /** `/about` answers with `about.html`, and `/about.html` redirects to `/about`. */
  cleanUrls: Type.Boolean(),
  cacheControl: Type.String(),
  /** `path` is a glob. */
  headers: Type.Array(Type.Object({ path: Type.String(), name: Type.String(), value: Type.String() })),
  redirects: Type.Array(Type.Object({ from: Type.String(), to: Type.String(), status: Type.Integer() })),
});
export type SiteRules = Static<typeof SiteRules>;

export const ImageArtifact = Type.Object({
  kind: Type.Literal('image'),
  /** The image's id or repository digest: `sha256:…`. */
  digest: Type.String(),
  bytes: Type.Integer(),
});
export type ImageArtifact = Static<typeof ImageArtifact>;

export const FilesArtifact = Type.Object({
  kind: Type.Literal('files'),
  /** The tree's digest in storage: `sha256:…`. */
  digest: Type.String(),
  bytes: Type.Integer(),
  rules: SiteRules,
});
export type FilesArtifact = Static<typeof FilesArtifact>;

export const Artifact = Type.Union([ImageArtifact, FilesArtifact]);
export type Artifact = Static<typeof Artifact>;

/** What it takes to find an artifact again. */
export type ArtifactName = Pick<Artifact, 'kind' | 'digest'>;

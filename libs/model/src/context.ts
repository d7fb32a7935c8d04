import type { LogStream } from './log-line.js';

/** What holds for this machine. */
export interface HostSettings {
  /**
   * The id of this installation of Pierhead. What is made outside of it, such as in an engine that several may share,
   * carries it. Empty in the catalog, which makes nothing.
   */
  installation: string;
  /** The Docker engine, such as `unix:///var/run/docker.sock`. */
  dockerHost: string;
  /** The engine's network with the containers of Pierhead itself that have to reach releases; empty where it runs on the host. */
  dockerNetwork: string;
  /** Where the networks of services get their addresses from, such as `198.18.0.0/15`. */
  dockerSubnets: string;
  /** What builds may take of this machine; 0 is no cap. Absent in the catalog, which builds nothing. */
  buildCaps?: { memoryBytes: number; cpus: number; pids: number; cgroup: string };
  /** CIDRs of private ranges that sources may come from. */
  egressAllow: readonly string[];
}

/** An archive that a user uploaded, on this machine's disk. */
export interface UploadFile {
  path: string;
  format: ArchiveFormat;
  /** `sha256:…` over the bytes. */
  digest: string;
}
export type ArchiveFormat = 'tar' | 'tar.gz' | 'zip';

export interface StoredTree {
  /** `sha256:…` over the sorted paths, modes and contents. */
  digest: string;
  bytes: number;
  files: number;
}

/** Uploads and trees of files, shared by workers and gateways; content-addressed and immutable. */
export interface Storage {
  /** The upload on local disk, or null for an unknown id. */
  uploadFile(id: string): Promise<UploadFile | null>;
  /** Stores a folder's files; the folder may be moved and is no longer the caller's. */
  putTree(folder: string): Promise<StoredTree>;
  /** A local, read-only folder with the tree, or null when it is not stored. */
  treePath(digest: string): Promise<string | null>;
  /** Forgets a tree; one that is gone already is fine. */
  removeTree(digest: string): Promise<void>;
}

/** Everything that a call to a provider, builder or runtime gets beyond its arguments. */
export interface CallContext {
  /** Writes to the deployment's log; `text` may hold several lines. */
  log(text: string, stream?: LogStream): void;
  /** Fires on cancel, on a deadline and at shutdown. Whoever sees it stops and throws. */
  signal: AbortSignal;
  /** A private folder, deleted afterwards. */
  workspace: string;
  storage: Storage;
  host: HostSettings;
}

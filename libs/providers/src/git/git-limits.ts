export interface GitLimits {
  /** What a fetch may bring, compressed. */
  packBytes: number;
  /** What a checkout may write. */
  treeBytes: number;
  files: number;
  listMs: number;
  validateMs: number;
  fetchMs: number;
}

export const defaultLimits: GitLimits = {
  packBytes: 1024 ** 3,
  treeBytes: 2 * 1024 ** 3,
  files: 200_000,
  listMs: 30_000,
  validateMs: 10_000,
  fetchMs: 600_000,
};

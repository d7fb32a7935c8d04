const mebibyte = 1024 ** 2;

/** What an archive may hold at most. */
export interface ArchiveLimits {
  /** Unpacked bytes, all files together. */
  bytes: number;
  /** Files, folders and links, folders that are only implied by a name included. */
  entries: number;
  /** Folders above a name. */
  depth: number;
  /** Characters of a whole name. */
  nameLength: number;
  /** Symbolic links. */
  links: number;
  /** Unpacked bytes for one packed byte, looked at once `ratioFrom` bytes are unpacked. */
  ratio: number;
  ratioFrom: number;
}

export const defaultLimits: ArchiveLimits = {
  bytes: 1024 * mebibyte,
  entries: 50_000,
  depth: 32,
  nameLength: 1_024,
  links: 5_000,
  ratio: 200,
  ratioFrom: 10 * mebibyte,
};

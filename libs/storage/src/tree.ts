import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { resolveInTree } from '@pierhead/archive';

export type Encoding = 'br' | 'gz';

interface IndexedFile {
  bytes: number;
  /** sha256 of the content, hexadecimal. */
  hash: string;
  /** Packed forms that lie ready. */
  encodings: Encoding[];
}

/** What `index.json` beside a tree's files says of them. */
export interface TreeIndex {
  files: Record<string, IndexedFile>;
  links: Record<string, string>;
}

export interface TreeFile extends IndexedFile {
  /** Relative to the tree, with every link on the way resolved. */
  path: string;
}

const indexName = 'index.json';

export const indexPath = (tree: string) => join(tree, indexName);

export async function writeIndex(tree: string, index: TreeIndex): Promise<void> {
  await writeFile(indexPath(tree), JSON.stringify(index), { flag: 'wx', flush: true });
}

/** A stored tree, looked up by its index: what the index does not name cannot be reached. */
export class Tree {
  readonly #files: ReadonlyMap<string, IndexedFile>;
  readonly #links: ReadonlyMap<string, string>;

  constructor(
    private readonly folder: string,
    index: TreeIndex,
  ) {
    this.#files = new Map(Object.entries(index.files));
    this.#links = new Map(Object.entries(index.links));
  }

  /** Number of names. */
  get size(): number {
    return this.#files.size + this.#links.size;
  }

  /** The file at a relative path such as `a/b.html`, or null. */
  find(path: string): TreeFile | null {
    const real = resolveInTree(this.#links, path);
    const file = real === null ? undefined : this.#files.get(real);
    return file && real !== null ? { path: real, ...file } : null;
  }

  /** The folder that a file's bytes lie in, as they are or packed; its path below it is the same. */
  root(encoding: Encoding | null): string {
    return join(this.folder, encoding ?? 'files');
  }
}

/** Opens the tree whose files lie in `files`, as `Storage.treePath` answers it. */
export async function openTree(files: string): Promise<Tree> {
  const folder = dirname(files);
  const index: TreeIndex = JSON.parse(await readFile(indexPath(folder), 'utf8'));
  return new Tree(folder, index);
}

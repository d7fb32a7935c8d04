import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

export interface TestFile {
  /** As a person names it: the source, relative to the repository. */
  source: string;
  /** What runs: an absolute path. */
  compiled: string;
}

export interface Selection {
  root: string;
  /** Leaves out the `*.e2e.test.ts` files. */
  fast: boolean;
  /** The `*.fault.test.ts` files and nothing else; they are left out otherwise. */
  faults: boolean;
  /** Keeps only files whose path contains one of these; all of them when empty. */
  filters: readonly string[];
}

/** Every selected test beside the sources of `libs` and `services`, in a fixed order. */
export async function findTestFiles({ root, fast, faults, filters }: Selection): Promise<TestFile[]> {
  const packages = (await Promise.all(['libs', 'services'].map((group) => folders(join(root, group))))).flat();
  const found = (await Promise.all(packages.map((dir) => testsOf(root, dir)))).flat();
  return found
    .filter(({ source }) => source.endsWith('.fault.test.ts') === faults)
    .filter(({ source }) => !fast || !source.endsWith('.e2e.test.ts'))
    .filter(({ source }) => filters.length === 0 || filters.some((filter) => source.includes(filter)))
    .sort((a, b) => a.source.localeCompare(b.source));
}

async function folders(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(dir, entry.name));
}

async function testsOf(root: string, packageDir: string): Promise<TestFile[]> {
  const names = await readdir(join(packageDir, 'src'), { recursive: true }).catch(() => []);
  return names
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => ({
      source: relative(root, join(packageDir, 'src', name)),
      compiled: join(packageDir, 'dist', name.replace(/\.ts$/, '.js')),
    }));
}

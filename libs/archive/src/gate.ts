import type { RawEntry } from './entry.js';
import { checkName, checkTarget } from './entry-name.js';
import type { ArchiveLimits } from './limits.js';
import { tooLarge, unsafe } from './refusal.js';
import { resolveInTree } from './resolve-in-tree.js';

export interface ArchiveSummary {
  /** Files and links. */
  files: number;
  /** Unpacked. */
  bytes: number;
}

/** What may be written for an entry. Paths are relative, normalised and inside. */
export type Admitted =
  | { kind: 'folder'; path: string }
  | { kind: 'file'; path: string; mode: number; size: number }
  | { kind: 'copy'; path: string; from: string; mode: number }
  | { kind: 'link'; path: string };

interface Seen {
  kind: 'file' | 'folder' | 'link';
  size: number;
  mode: number;
}

const executable = 0o111;
const safeMode = (mode: number) => ((mode & executable) !== 0 ? 0o755 : 0o644);

/** Judges an archive's entries one after the other, and remembers what they would make. */
export class Gate {
  readonly #seen = new Map<string, Seen>();
  readonly #links = new Map<string, string>();
  readonly #summary: ArchiveSummary = { files: 0, bytes: 0 };
  #visited = 0;

  /** `packedBytes`: the archive's own size. */
  constructor(
    private readonly limits: ArchiveLimits,
    private readonly packedBytes: number,
  ) {}

  get summary(): ArchiveSummary {
    return { ...this.#summary };
  }

  /** What to write for the entry; throws UserError when it must not be. */
  admit(entry: RawEntry): Admitted {
    this.#visited++;
    const path = checkName(entry.name, this.limits);
    if (entry.kind === 'other') throw unsafe(entry.name, 'is neither a file nor a folder nor a link');
    if (path === '' && entry.kind !== 'folder') throw unsafe(entry.name, 'has no name');
    if (entry.kind === 'folder') return this.#admitFolder(path, entry);
    if (entry.kind === 'link') return this.#admitLink(path, entry);
    if (entry.kind === 'hardlink') return this.#admitCopy(path, entry);
    this.#add(path, entry.name, { kind: 'file', size: entry.size, mode: safeMode(entry.mode) });
    return { kind: 'file', path, mode: safeMode(entry.mode), size: entry.size };
  }

  /** Every link with the path that it really leads to; throws UserError when one leads outside. */
  resolvedLinks(): Map<string, string> {
    const resolved = new Map<string, string>();
    for (const path of this.#links.keys()) {
      const end = resolveInTree(this.#links, path);
      if (end === null) throw unsafe(path, 'is a link that leads outside the archive or in circles');
      resolved.set(path, end);
    }
    return resolved;
  }

  /** Names at the archive's top, with what they are. */
  topLevel(): Map<string, Seen['kind']> {
    const top = [...this.#seen].filter(([path]) => !path.includes('/'));
    return new Map(top.map(([path, { kind }]) => [path, kind]));
  }

  /** Counts unpacked bytes that belong to no file, such as padding and headers, against the caps. */
  checkUnpacked(bytes: number): void {
    if (bytes > this.limits.bytes + this.limits.entries * 2_048) throw tooLarge('unpacks to too many bytes');
    if (bytes > this.limits.ratioFrom && bytes > this.packedBytes * this.limits.ratio)
      throw tooLarge(`unpacks to more than ${this.limits.ratio} times its own size`);
  }

  #admitFolder(path: string, entry: RawEntry): Admitted {
    const known = this.#seen.get(path);
    if (known && known.kind !== 'folder') throw unsafe(entry.name, `clashes with a ${known.kind} of the same name`);
    if (path !== '') this.#addFolders(`${path}/`, entry.name);
    this.#checkEntries();
    return { kind: 'folder', path };
  }

  #admitLink(path: string, entry: RawEntry): Admitted {
    checkTarget(entry.name, entry.target, this.limits);
    if (this.#links.size >= this.limits.links) throw tooLarge(`has more than ${this.limits.links} links`);
    this.#add(path, entry.name, { kind: 'link', size: 0, mode: 0o777 });
    this.#links.set(path, entry.target);
    return { kind: 'link', path };
  }

  #admitCopy(path: string, entry: RawEntry): Admitted {
    const from = checkName(entry.target, this.limits);
    const original = this.#seen.get(from);
    if (original?.kind !== 'file') throw unsafe(entry.name, 'is a hard link to something that is no earlier file');
    this.#add(path, entry.name, original);
    return { kind: 'copy', path, from, mode: original.mode };
  }

  #add(path: string, name: string, seen: Seen): void {
    if (this.#seen.has(path)) throw unsafe(name, 'is in the archive twice');
    this.#addFolders(path, name);
    this.#seen.set(path, seen);
    this.#summary.files++;
    this.#summary.bytes += seen.size;
    this.#checkEntries();
    if (this.#summary.bytes > this.limits.bytes) throw tooLarge(`unpacks to more than ${this.limits.bytes} bytes`);
    this.checkUnpacked(this.#summary.bytes);
  }

  #addFolders(path: string, name: string): void {
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
      const folder = path.slice(0, at);
      const known = this.#seen.get(folder);
      if (known && known.kind !== 'folder') throw unsafe(name, `lies below ${folder}, which is a ${known.kind}`);
      if (!known) this.#seen.set(folder, { kind: 'folder', size: 0, mode: 0o755 });
    }
  }

  #checkEntries(): void {
    if (Math.max(this.#seen.size, this.#visited) > this.limits.entries)
      throw tooLarge(`has more than ${this.limits.entries} entries`);
  }
}

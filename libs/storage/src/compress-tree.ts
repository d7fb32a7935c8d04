import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants, createBrotliCompress, createGzip, gzip } from 'node:zlib';
import { inParallel } from './in-parallel.js';
import type { Encoding } from './tree.js';
import { type ScannedFile, smallBytes } from './tree-scan.js';

/** Smaller files fit into the first packets anyway. */
const fromBytes = 1_024;
const mebibyte = 1024 ** 2;
const worthwhile = 0.95;
const compressible = new Set(
  '.html .htm .xhtml .css .js .mjs .cjs .json .jsonld .geojson .webmanifest .map .svg .xml .rss .atom .txt .md .csv .wasm .ico .ttf .otf .eot .vtt .yaml .yml .toml'.split(
    ' ',
  ),
);

const brotliOptions = (bytes: number) => ({
  params: {
    [constants.BROTLI_PARAM_QUALITY]: bytes > 4 * mebibyte ? 4 : 6,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes,
  },
});
const gzipOptions = { level: 6 };

const streams: Record<Encoding, (bytes: number) => Transform> = {
  br: (bytes) => createBrotliCompress(brotliOptions(bytes)),
  gz: () => createGzip(gzipOptions),
};
const atOnce: Record<Encoding, (content: Buffer) => Promise<Buffer>> = {
  br: (content) => promisify(brotliCompress)(content, brotliOptions(content.length)),
  gz: (content) => promisify(gzip)(content, gzipOptions),
};

/** Packs what is worth it from `<tree>/files` into `<tree>/br` and `<tree>/gz`, under the same names. */
export async function compressTree(tree: string, files: readonly ScannedFile[]): Promise<Map<string, Encoding[]>> {
  const encodings = new Map<string, Encoding[]>();
  const worthIt = files.filter((each) => each.bytes >= fromBytes && compressible.has(extname(each.path).toLowerCase()));
  await inParallel(worthIt, async (file) => {
    const made: Encoding[] = [];
    for (const encoding of ['br', 'gz'] as const) if (await compress(tree, file, encoding)) made.push(encoding);
    if (made.length > 0) encodings.set(file.path, made);
  });
  return encodings;
}

/** Whether the packed file is smaller and was kept. */
async function compress(tree: string, file: ScannedFile, encoding: Encoding): Promise<boolean> {
  const from = join(tree, 'files', file.path);
  const to = join(tree, encoding, file.path);
  await mkdir(dirname(to), { recursive: true });
  if (file.bytes <= smallBytes) await writeFile(to, await atOnce[encoding](await readFile(from)));
  else await pipeline(createReadStream(from), streams[encoding](file.bytes), createWriteStream(to));
  const smaller = (await stat(to)).size < file.bytes * worthwhile;
  if (!smaller) await rm(to);
  return smaller;
}

import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

/** An entry as it shall stand in the archive, however hostile. */
export interface PackedEntry {
  name: string;
  body?: string | Buffer;
  /** The tar type flag: '0' file, '1' hard link, '2' symbolic link, '3' and '4' devices, '5' folder, '6' fifo. */
  type?: string;
  target?: string;
  mode?: number;
  /** The size that the entry claims, where it lies. */
  size?: number;
}

const block = 512;
const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;

/** A tar archive written byte by byte, so that it can hold what no packer would write. */
export function packTar(entries: readonly PackedEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(tarEntry), Buffer.alloc(2 * block)]);
}

export const packTarGz = (entries: readonly PackedEntry[]) => gzipSync(packTar(entries));

function tarEntry(entry: PackedEntry): Buffer[] {
  const body = Buffer.from(entry.body ?? '');
  const padding = Buffer.alloc((block - (body.length % block)) % block);
  const long = Buffer.byteLength(entry.name) > 100 ? longName(entry.name) : [];
  return [...long, tarHeader(entry, body.length), body, padding];
}

const longName = (name: string) => tarEntry({ name: '././@LongLink', type: 'L', body: `${name}\0` });

function tarHeader(entry: PackedEntry, bodySize: number): Buffer {
  const header = Buffer.alloc(block);
  header.write(entry.name.slice(0, 100), 0, 100);
  header.write(octal(entry.mode ?? 0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(entry.size ?? bodySize, 12), 124);
  header.write(octal(0, 12), 136);
  header.write(' '.repeat(8), 148);
  header.write(entry.type ?? '0', 156);
  header.write(entry.target ?? '', 157, 100);
  header.write('ustar\u000000', 257);
  header.write(
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    ),
    148,
  );
  return header;
}

export interface ZipEntry {
  name: string;
  body?: string | Buffer;
  /** Unix mode with its file type bits; 0 for an archive made elsewhere. */
  mode?: number;
  encrypted?: boolean;
  /** Leaves out the flag that says that the name is UTF-8. */
  unmarked?: boolean;
  crc?: number;
  size?: number;
}

/** A zip archive written byte by byte. */
export function packZip(entries: readonly ZipEntry[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const { local, central } = zipEntry(entry, offset);
    locals.push(local);
    directory.push(central);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  return Buffer.concat([...locals, central, zipEnd(entries.length, central.length, offset)]);
}

function zipEntry(entry: ZipEntry, offset: number): { local: Buffer; central: Buffer } {
  const body = Buffer.from(entry.body ?? '');
  const packed = deflateRawSync(body);
  const name = Buffer.from(entry.name);
  const shared = Buffer.alloc(26);
  shared.writeUInt16LE(20, 0);
  shared.writeUInt16LE((entry.unmarked ? 0 : 0x800) | (entry.encrypted ? 1 : 0), 2);
  shared.writeUInt16LE(8, 4);
  shared.writeUInt32LE(entry.crc ?? crc32(body), 10);
  shared.writeUInt32LE(packed.length, 14);
  shared.writeUInt32LE(entry.size ?? body.length, 18);
  shared.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), shared, name, packed]);
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 6);
  tail.writeUInt32LE(offset, 10);
  return { local, central: Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\u0003'), shared, tail, name]) };
}

function zipEnd(count: number, size: number, offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 0, 'latin1');
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return end;
}

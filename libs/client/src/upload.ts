import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { type Client, dataOf } from './create-client.js';
import type { components, paths } from './schema.js';

type Content = paths['/uploads']['post']['requestBody']['content'];
export type ArchiveType = keyof Content;

/** Sends an archive, as a file or a stream, without holding it in memory. */
export async function upload(
  client: Client,
  archive: string | Readable,
  type: ArchiveType,
): Promise<components['schemas']['Upload']> {
  const stream = typeof archive === 'string' ? (await open(archive)).createReadStream() : archive;
  const sent = client.POST('/uploads', {
    body: Readable.toWeb(stream),
    bodySerializer: (body) => body,
    headers: { 'content-type': type },
    duplex: 'half',
  });
  return dataOf(sent);
}

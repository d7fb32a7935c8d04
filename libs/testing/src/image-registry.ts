import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

export interface ImageRegistry {
  /** `127.0.0.1:port`, which engines ask over plain http. */
  host: string;
  /** Publishes an image of one file under `name:tag`; answers its digest. */
  publish(name: string, tag: string, content: string): Promise<string>;
  close(): Promise<void>;
}

const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';
const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** An image registry in this process, with as much of the protocol as pulling needs. */
export async function startImageRegistry(): Promise<ImageRegistry> {
  const stored = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const [, kind, key = ''] = /\/(manifests|blobs)\/([^/]+)$/.exec(request.url ?? '') ?? [];
    const name = /^\/v2\/(.+)\/(?:manifests|blobs)\//.exec(request.url ?? '')?.[1];
    const body = stored.get(key) ?? stored.get(`${name}:${key}`);
    if (request.url === '/v2/') return response.end('{}');
    if (!body) return response.writeHead(404, { 'content-type': 'application/json' }).end(unknownManifest);
    response.setHeader('content-type', kind === 'manifests' ? manifestType : 'application/octet-stream');
    response.writeHead(200, { 'content-length': body.length, 'docker-content-digest': digestOf(body) });
    return response.end(request.method === 'HEAD' ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    publish: async (name, tag, content) => {
      const { manifest, blobs } = await imageOf(content);
      for (const blob of [...blobs, manifest]) stored.set(digestOf(blob), blob);
      stored.set(`${name}:${tag}`, manifest);
      return digestOf(manifest);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const unknownManifest = JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] });

async function imageOf(content: string) {
  const tar = pack();
  tar.entry({ name: 'content' }, content);
  tar.finalize();
  const parts: Buffer[] = [];
  for await (const part of Readable.from(tar)) parts.push(Buffer.from(part));
  const plain = Buffer.concat(parts);
  const layer = gzipSync(plain);
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Cmd: ['/content'] },
      rootfs: { type: 'layers', diff_ids: [digestOf(plain)] },
      history: [{ created_by: 'test' }],
    }),
  );
  const described = (mediaType: string, blob: Buffer) => ({ mediaType, size: blob.length, digest: digestOf(blob) });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: described('application/vnd.docker.container.image.v1+json', config),
      layers: [described('application/vnd.docker.image.rootfs.diff.tar.gzip', layer)],
    }),
  );
  return { manifest, blobs: [config, layer] };
}

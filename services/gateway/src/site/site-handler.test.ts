import { mkdir, symlink, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { SiteRules } from '@pierhead/model';
import { createFolderStorage } from '@pierhead/storage';
import Fastify from 'fastify';
import t, { type Test } from 'tap';
import { createSiteHandler } from './index.js';

const page = `<h1>home</h1>${'<p>text</p>'.repeat(300)}`;
const files = {
  'index.html': page,
  'about.html': 'about',
  'docs/index.html': 'docs',
  'docs/start.html': 'start',
  'both.html': 'page',
  'both/index.html': 'folder',
  'app.js': `let a = 1;${' '.repeat(2_000)}`,
  'image.png': '0123456789',
  'ünï cödé.txt': 'unicode',
  noextension: 'x',
  '.env': 'secret',
  'docs/.hidden/x': 'secret',
  '.well-known/security.txt': 'contact',
  '404.html': 'no such page',
};

const defaults: SiteRules = {
  index: 'index.html',
  cleanUrls: false,
  cacheControl: 'public, max-age=60',
  headers: [],
  redirects: [],
};

async function serve(t: Test, rules: Partial<SiteRules> = {}, more: Record<string, string> = {}) {
  const root = t.testdir({ outside: { secret: 'secret' } });
  for (const [path, body] of Object.entries({ ...files, ...more })) {
    await mkdir(dirname(join(root, 'site', path)), { recursive: true });
    await writeFile(join(root, 'site', path), body);
  }
  await symlink('docs', join(root, 'site/latest'));
  const storage = createFolderStorage(join(root, 'storage'), { findUpload: async () => null });
  const { digest } = await storage.putTree(join(root, 'site'));
  const handle = createSiteHandler({ storage });
  const site = { digest, rules: { ...defaults, ...rules } };
  const app = Fastify({ routerOptions: { ignoreTrailingSlash: false } });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _body, done) => done(null));
  app.setNotFoundHandler((request, reply) => handle(request, reply, site));
  await app.listen({ host: '127.0.0.1', port: 0 });
  t.teardown(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  return { port, storage, digest, get: client(port) };
}

interface Got {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
  text: string;
}

/** Sends a path exactly as it is written. */
const client =
  (port: number) =>
  (path: string, headers: http.OutgoingHttpHeaders = {}, method = 'GET'): Promise<Got> =>
    new Promise((resolve, reject) => {
      const request = http.request(
        { host: '127.0.0.1', port, path, method, headers, agent: false },
        async (response) => {
          const chunks: Buffer[] = [];
          for await (const chunk of response) chunks.push(chunk);
          const body = Buffer.concat(chunks);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body, text: body.toString() });
        },
      );
      request.on('error', reject);
      request.end();
    });

t.test('serves files with their types, caching and a content tag', async (t) => {
  const { get } = await serve(t);
  const types = {
    '/': 'text/html; charset=utf-8',
    '/app.js': 'application/javascript; charset=utf-8',
    '/image.png': 'image/png',
    '/noextension': 'application/octet-stream',
    '/%C3%BCn%C3%AF%20c%C3%B6d%C3%A9.txt': 'text/plain; charset=utf-8',
    '/.well-known/security.txt': 'text/plain; charset=utf-8',
  };
  for (const [path, type] of Object.entries(types)) {
    const { status, headers } = await get(path);
    t.equal(status, 200, path);
    t.equal(headers['content-type'], type, path);
    t.equal(headers['cache-control'], 'public, max-age=60');
    t.equal(headers['x-content-type-options'], 'nosniff');
    t.match(headers.etag, /^"[0-9a-f]{32}"$/);
    t.notOk('last-modified' in headers);
  }
});

t.test('the content tag depends on the content alone', async (t) => {
  const one = await serve(t);
  await t.test('another tree', async (t) => {
    const other = await serve(t, {}, { 'new.html': 'x', 'about.html': 'changed' });
    t.equal((await other.get('/image.png')).headers.etag, (await one.get('/image.png')).headers.etag);
    t.not((await other.get('/about.html')).headers.etag, (await one.get('/about.html')).headers.etag);
  });
});

t.test('answers 304 to whoever has the file, and 412 to whoever insists on another', async (t) => {
  const { get } = await serve(t);
  const { headers } = await get('/about.html');
  const etag = headers.etag ?? '';
  for (const match of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const { status, body, headers } = await get('/about.html', { 'if-none-match': match });
    t.equal(status, 304, match);
    t.equal(body.length, 0);
    t.equal(headers.etag, etag);
    t.equal(headers['cache-control'], 'public, max-age=60');
    t.notOk('content-type' in headers);
  }
  t.equal((await get('/about.html', { 'if-none-match': '"x"' })).status, 200);
  t.equal((await get('/about.html', { 'if-none-match': etag, 'cache-control': 'no-cache' })).status, 304);
  t.equal((await get('/about.html', { 'if-modified-since': new Date().toUTCString() })).status, 200);
  t.equal((await get('/about.html', { 'if-match': '"x"' })).status, 412);
  t.equal((await get('/about.html', { 'if-match': etag })).status, 200);
});

t.test('answers with the packed form that the client takes', async (t) => {
  const { get } = await serve(t);
  const plain = await get('/');
  t.equal(plain.text, page);
  t.equal(plain.headers.vary, 'accept-encoding');
  const brotli = await get('/', { 'accept-encoding': 'gzip, deflate, br' });
  t.equal(brotli.headers['content-encoding'], 'br');
  t.equal(brotliDecompressSync(brotli.body).toString(), page);
  t.equal(brotli.headers['content-type'], 'text/html; charset=utf-8');
  t.equal(brotli.headers.vary, 'accept-encoding');
  const gzip = await get('/', { 'accept-encoding': 'gzip, br;q=0' });
  t.equal(gzip.headers['content-encoding'], 'gzip');
  t.equal(gunzipSync(gzip.body).toString(), page);
  t.equal(new Set([plain, brotli, gzip].map((each) => each.headers.etag)).size, 3, 'each form has its own tag');
  t.equal((await get('/', { 'accept-encoding': 'br', 'if-none-match': brotli.headers.etag })).status, 304);
  for (const value of ['identity', 'zstd', 'gzip;q=0, br;q=0', ''])
    t.notOk((await get('/', { 'accept-encoding': value })).headers['content-encoding'], value);
  const small = await get('/about.html', { 'accept-encoding': 'br' });
  t.notOk(small.headers['content-encoding']);
  t.notOk(small.headers.vary);
});

t.test('answers with a part of a file', async (t) => {
  const { get } = await serve(t);
  const range = (range: string, more = {}) => get('/image.png', { range, ...more });
  const part = await range('bytes=2-4');
  t.match(part, { status: 206, text: '234', headers: { 'content-range': 'bytes 2-4/10', 'content-length': '3' } });
  t.match(await range('bytes=-2'), { status: 206, text: '89' });
  t.match(await range('bytes=20-'), { status: 416, headers: { 'content-range': 'bytes */10' } });
  t.match(await range('bytes=a'), { status: 416 });
  t.match(await range('lines=1-2'), { status: 200, text: '0123456789' });
  t.match(await range('bytes=2-4', { 'if-range': part.headers.etag }), { status: 206 });
  t.match(await range('bytes=2-4', { 'if-range': '"x"' }), { status: 200 });
  t.match(await range('bytes=2-4', { 'if-range': new Date().toUTCString() }), { status: 200 });
  const packed = await get('/', { range: 'bytes=0-3', 'accept-encoding': 'br' });
  t.match(packed, { status: 206, text: '<h1>' });
  t.notOk(packed.headers['content-encoding']);
});

t.test('answers HEAD like GET without a body, and refuses other methods', async (t) => {
  const { get } = await serve(t);
  const got = await get('/', {}, 'GET');
  const head = await get('/', {}, 'HEAD');
  t.equal(head.status, 200);
  t.equal(head.body.length, 0);
  t.equal(head.headers['content-length'], String(page.length));
  t.equal(head.headers.etag, got.headers.etag);
  t.match(await get('/nothing', {}, 'HEAD'), { status: 404, text: '' });
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
    t.match(await get('/', { 'content-length': 0 }, method), { status: 405, headers: { allow: 'GET, HEAD' } }, method);
});

t.test('folders answer with their index and lead to it, and never away', async (t) => {
  const { get } = await serve(t);
  t.match(await get('/docs/'), { status: 200, text: 'docs' });
  t.match(await get('/docs?a=1&b=//x'), { status: 301, headers: { location: '/docs/?a=1&b=//x' } });
  t.match(await get('/docs/start.html'), { status: 200, text: 'start' });
  t.match(await get('/latest/start.html'), { status: 200, text: 'start' }, 'through a link inside');
  t.equal((await get('/docs/index.html')).status, 200);
  t.equal((await get('/about')).status, 404, 'no clean URLs');
  for (const path of [
    '//docs',
    '/docs//',
    '//evil.com/docs',
    '//evil.com/..',
    '/%2fdocs',
    '/%2f%2fevil.com',
    '///docs',
  ]) {
    const { status, headers } = await get(path);
    t.ok(status === 404 || status === 400, `${path} ${status}`);
    t.notOk(headers.location, path);
  }
});

t.test('an index of another name', async (t) => {
  const { get } = await serve(t, { index: 'about.html', cleanUrls: true });
  t.match(await get('/'), { status: 200, text: 'about' });
  t.match(await get('/about.html'), { status: 301, headers: { location: '/' } });
});

t.test('clean URLs', async (t) => {
  const { get } = await serve(t, { cleanUrls: true }, { 'x.html': 'page x', x: 'file x', 'a b.html': 'spaces' });
  t.match(await get('/about'), { status: 200, text: 'about', headers: { 'content-type': 'text/html; charset=utf-8' } });
  t.match(await get('/about.html?q=1'), { status: 301, headers: { location: '/about?q=1' } });
  t.match(await get('/about/?q=1'), { status: 301, headers: { location: '/about?q=1' } });
  t.match(await get('/index.html'), { status: 301, headers: { location: '/' } });
  t.match(await get('/docs/index.html'), { status: 301, headers: { location: '/docs/' } });
  t.match(await get('/docs/start'), { status: 200, text: 'start' });
  t.match(await get('/docs'), { status: 301, headers: { location: '/docs/' } });
  t.match(await get('/both'), { status: 200, text: 'page' });
  t.match(await get('/both/'), { status: 200, text: 'folder' });
  t.match(await get('/x'), { status: 200, text: 'file x' });
  t.match(await get('/x.html'), { status: 200, text: 'page x' }, 'a shorter name that means something else');
  t.match(await get('/a%20b.html'), { status: 301, headers: { location: '/a%20b' } });
  t.match(await get('/a%20b'), { status: 200, text: 'spaces' });
  for (const path of ['//evil.com/about.html', '/\\evil.com/about.html', '//about.html', '//about/'])
    t.notOk((await get(path)).headers.location, path);
});

t.test('redirects by rule, in their order', async (t) => {
  const redirects = [
    { from: '/old', to: '/new', status: 301 },
    { from: '/about.html', to: 'https://example.com/about#us', status: 308 },
    { from: '/blog/*', to: '/posts/:splat', status: 302 },
    { from: '/up/*', to: '/:splat', status: 307 },
    { from: '/old', to: '/never', status: 302 },
    { from: '/query', to: '/q?own=1', status: 302 },
  ];
  const { get } = await serve(t, { redirects });
  const leads: Record<string, [number, string]> = {
    '/old': [301, '/new'],
    '/old/': [301, '/new'],
    '/old?a=1': [301, '/new?a=1'],
    '/about.html': [308, 'https://example.com/about#us'],
    '/about.html?a': [308, 'https://example.com/about?a#us'],
    '/blog/2024/a%20b?x=1': [302, '/posts/2024/a%20b?x=1'],
    '/blog': [302, '/posts/'],
    '/up/a': [307, '/a'],
    '/up/%0d%0aSet-Cookie:x': [400, ''],
    '/up/$&': [307, '/%24%26'],
    '/query?b=2': [302, '/q?own=1'],
  };
  for (const [path, [status, location]] of Object.entries(leads)) {
    const got = await get(path);
    t.equal(got.status, status, path);
    t.equal(got.headers.location ?? '', location, path);
  }
  for (const path of ['/up//evil.com', '/up/%2fevil.com', '/up/\\evil.com', '/up/%5cevil.com', '/up/..//evil.com'])
    t.notOk((await get(path)).headers.location, path);
});

t.test('headers by path, of the request or of the file; the later rule wins', async (t) => {
  const headers = [
    { path: '/**', name: 'X-All', value: 'yes' },
    { path: '/docs/*', name: 'X-Docs', value: 'yes' },
    { path: '/*.js', name: 'Cache-Control', value: 'immutable' },
    { path: '/about.html', name: 'X-About', value: 'yes' },
    { path: '/**', name: 'X-Twice', value: 'first' },
    { path: '/noextension', name: 'X-TWICE', value: 'second' },
    { path: '/noextension', name: 'Content-Type', value: 'application/json' },
  ];
  const { get } = await serve(t, { headers, cleanUrls: true });
  t.match((await get('/')).headers, { 'x-all': 'yes', 'x-twice': 'first', 'cache-control': 'public, max-age=60' });
  t.match((await get('/docs/start')).headers, { 'x-docs': 'yes', 'x-all': 'yes' });
  t.notOk((await get('/about')).headers['x-docs']);
  t.match((await get('/about')).headers, { 'x-about': 'yes' });
  t.match((await get('/app.js')).headers, { 'cache-control': 'immutable' });
  t.match((await get('/noextension')).headers, { 'x-twice': 'second', 'content-type': 'application/json' });
  t.match((await get('/nothing')).headers, { 'x-all': 'yes', 'cache-control': 'no-cache' });
  t.match((await get('/docs')).headers, { 'x-all': 'yes', location: '/docs/' });
});

t.test('what does not exist is 404, with the error page where there is one', async (t) => {
  const bare = await serve(t);
  t.match(await bare.get('/nothing'), { status: 404, text: 'Not found\n' });
  await t.test('with an error page', async (t) => {
    const { get } = await serve(t, { errorPage: '/404.html' });
    for (const path of ['/nothing', '/docs/nothing', '/nothing/', '/constructor', '/__proto__', '/%252e%252e/x'])
      t.match(
        await get(path, { range: 'bytes=0-1', 'if-none-match': '*' }),
        { status: 404, text: 'no such page' },
        path,
      );
    t.match((await get('/nothing')).headers, { 'cache-control': 'no-cache', 'content-type': /html/ });
  });
});

t.test('a fallback answers every unknown path with 200', async (t) => {
  const { get } = await serve(t, { fallback: '/index.html', errorPage: '/404.html' });
  for (const path of ['/nothing', '/a/b/c', '/a/b/', '/image.gif'])
    t.match(await get(path), { status: 200, text: page, headers: { 'cache-control': 'public, max-age=60' } }, path);
  t.match(await get('/image.png'), { status: 200, text: '0123456789' });
  t.match(await get('/.env'), { status: 404, text: 'no such page' });
});

t.test('hidden files are not there', async (t) => {
  const { get } = await serve(t);
  for (const path of [
    '/.env',
    '/%2eenv',
    '/docs/.hidden/x',
    '/docs/%2Ehidden/x',
    '/.well-known/.x',
    '/latest/.hidden/x',
  ])
    t.equal((await get(path)).status, 404, path);
});

t.test('no path climbs out', async (t) => {
  const { get } = await serve(t);
  const paths = [
    '/../outside/secret',
    '/docs/../../outside/secret',
    '/..%2foutside%2fsecret',
    '/%2e%2e/outside/secret',
    '/%2e%2e%2foutside%2fsecret',
    '/.%2e/.%2e/outside/secret',
    '/..\\outside\\secret',
    '/..%5coutside%5csecret',
    '/about.html%00',
    '/%00',
    '/%c0%ae%c0%ae/secret',
    '/%',
    '/%zz',
    '/docs/./start.html',
    `/${'a'.repeat(3_000)}`,
    '/a%0d%0ab',
  ];
  for (const path of paths) {
    const { status, text } = await get(path);
    t.equal(status, 400, path);
    t.not(text, 'secret');
  }
});

t.test('a request target that is a whole URL, or an asterisk, is refused', async (t) => {
  const { port } = await serve(t);
  for (const line of ['GET http://evil.com/about.html HTTP/1.1', 'OPTIONS * HTTP/1.1']) {
    const socket = connect(port, '127.0.0.1');
    socket.write(`${line}\r\nHost: x\r\nConnection: close\r\n\r\n`);
    t.match(await text(socket), /^HTTP\/1.1 40[045] /, line);
  }
});

t.test('says 503 when the tree is not in storage', async (t) => {
  const { get, storage, digest } = await serve(t);
  await storage.removeTree(digest);
  t.match(await get('/'), { status: 503, headers: { 'retry-after': '5' } });
});

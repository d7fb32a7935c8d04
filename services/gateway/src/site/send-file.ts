import { negotiate } from '@fastify/accept-negotiator';
import { send } from '@fastify/send';
import type { Encoding, Tree, TreeFile } from '@pierhead/storage';
import type { FastifyReply, FastifyRequest } from 'fastify';

export interface FileAnswer {
  file: TreeFile;
  status: 200 | 404;
  /** What the site's rules add; they win over what is said by default. */
  headers: Record<string, string>;
}

const unknownType = 'application/octet-stream';
const codings = { br: 'br', gzip: 'gz' } as const satisfies Record<string, Encoding>;
/** What this module judges itself, by content; the sender would judge it by modification times. */
const judgedHere = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range'];

/** Answers with a file: packed where the client takes it, 304 where it has it already, in part where it asks so. */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  tree: Tree,
  { file, status, headers }: FileAnswer,
): Promise<FastifyReply> {
  const isWhole = status === 404 || request.headers.range === undefined;
  const coding = isWhole ? chooseCoding(request, file) : null;
  const etag = `"${file.hash.slice(0, 32)}${coding ? `-${coding}` : ''}"`;
  reply.headers({ etag, ...(file.encodings.length > 0 ? { vary: 'accept-encoding' } : {}) });
  reply.headers({ 'x-content-type-options': 'nosniff', ...headers });
  if (status === 200 && lists(request.headers['if-match'], etag) === false) return reply.code(412).send();
  if (status === 200 && lists(request.headers['if-none-match'], etag)) return reply.code(304).send();
  const mayBePart = status === 200 && !coding && (request.headers['if-range'] ?? etag) === etag;
  const sent = await read(request, tree, file, coding, mayBePart);
  if (sent.statusCode === 200) reply.code(status);
  else reply.code(sent.statusCode);
  reply.headers({ 'content-type': unknownType, ...lowerCase(sent.headers), ...headers });
  if (coding) reply.header('content-encoding', coding);
  if (request.method !== 'HEAD') return reply.send(sent.stream);
  sent.stream.destroy();
  return reply.send();
}

const lowerCase = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

type Coding = keyof typeof codings;

function chooseCoding(request: FastifyRequest, { encodings }: TreeFile): Coding | null {
  const offered = (['br', 'gzip'] as const).filter((each) => encodings.includes(codings[each]));
  const header = request.headers['accept-encoding'];
  return offered.length > 0 && typeof header === 'string' ? negotiate<Coding>(header.toLowerCase(), offered) : null;
}

/** Whether a list of entity tags names this one; undefined without a list. */
function lists(header: string | undefined, etag: string): boolean | undefined {
  if (header === undefined) return undefined;
  const tags = header.split(',').map((each) => each.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}

function read(request: FastifyRequest, tree: Tree, file: TreeFile, coding: Coding | null, acceptRanges: boolean) {
  for (const name of judgedHere) delete request.raw.headers[name];
  return send(request.raw, encodeURIComponent(file.path), {
    root: tree.root(coding && codings[coding]),
    acceptRanges,
    cacheControl: false,
    etag: false,
    lastModified: false,
    dotfiles: 'allow',
    index: false,
  });
}

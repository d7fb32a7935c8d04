import type { SiteRules, Storage } from '@pierhead/model';
import { openTree, type Tree } from '@pierhead/storage';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { type Answer, planAnswer } from './plan-answer.js';
import { parsePath, type RequestPath } from './request-path.js';
import { sendFile } from './send-file.js';
import { type CompiledRules, compileRules } from './site-rules.js';

/** A tree in storage and how to serve it; an upstream of kind `files` is one. */
export interface Site {
  digest: string;
  rules: SiteRules;
}

/** Answers a request from a site's files, by its rules. */
export type SiteHandler = (request: FastifyRequest, reply: FastifyReply, site: Site) => Promise<FastifyReply>;

/** Names in the indexes that are kept open, over all sites. */
const maxNames = 200_000;
const redirectCaching = 'no-cache';

export function createSiteHandler({ storage }: { storage: Pick<Storage, 'treePath'> }): SiteHandler {
  const trees = new LRUCache<string, Tree>({
    maxSize: maxNames,
    sizeCalculation: (tree) => tree.size + 1,
    fetchMethod: async (digest) => {
      const files = await storage.treePath(digest);
      return files === null ? undefined : openTree(files);
    },
  });
  return async (request, reply, site) => {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return plain(reply.header('allow', 'GET, HEAD'), 405, 'Method not allowed');
    const path = parsePath(request.raw.url ?? '');
    if (!path) return plain(reply, 400, 'Bad request');
    const tree = await trees.fetch(site.digest);
    if (!tree) return plain(reply.header('retry-after', '5'), 503, 'The files of this site are not in storage');
    return answer(request, reply, { path, tree, rules: compileRules(site.rules) });
  };
}

interface Question {
  path: RequestPath;
  tree: Tree;
  rules: CompiledRules;
}

async function answer(request: FastifyRequest, reply: FastifyReply, { path, tree, rules }: Question) {
  const found = planAnswer(path, tree, rules);
  const headers = headersFor(path, found, rules);
  if (found.kind === 'file') return sendFile(request, reply, tree, { ...found, headers });
  if (found.kind === 'redirect')
    return reply
      .code(found.status)
      .headers({ ...headers, location: found.to })
      .send();
  return plain(reply.headers(headers), 404, 'Not found');
}

/** Rules may name the path that was asked for or the file that answers. */
function headersFor({ segments, isFolder }: RequestPath, found: Answer, rules: CompiledRules): Record<string, string> {
  const asked = `/${[...segments, ...(isFolder && segments.length > 0 ? [''] : [])].join('/')}`;
  const served = found.kind === 'file' && found.status === 200 ? `/${found.file.path}` : asked;
  const isServed = found.kind === 'file' && found.status === 200;
  const caching = isServed ? rules.cacheControl : redirectCaching;
  return { ...(caching ? { 'cache-control': caching } : {}), ...rules.headersFor(asked, served) };
}

const plain = (reply: FastifyReply, status: number, text: string) =>
  reply.code(status).header('content-type', 'text/plain; charset=utf-8').send(`${text}\n`);

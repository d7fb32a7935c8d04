import type { Tree, TreeFile } from '@pierhead/storage';
import { isHidden, type RequestPath, toLocation } from './request-path.js';
import type { CompiledRules } from './site-rules.js';

/** What a request gets. */
export type Answer =
  | { kind: 'file'; file: TreeFile; status: 200 | 404 }
  | { kind: 'redirect'; to: string; status: number }
  | { kind: 'nothing' };

/** Decides what answers a path; looks at the tree's index only, never at the disk. */
export function planAnswer(path: RequestPath, tree: Tree, rules: CompiledRules): Answer {
  const redirect = rules.redirect(path);
  if (redirect) return { kind: 'redirect', ...redirect };
  if (isHidden(path.segments)) return notFound(tree, rules);
  const found = path.isOdd ? null : path.isFolder ? folderAnswer(path, tree, rules) : fileAnswer(path, tree, rules);
  return found ?? fallbackAnswer(tree, rules) ?? notFound(tree, rules);
}

const fileOf = (file: TreeFile | null): Answer | null => file && { kind: 'file', file, status: 200 };
const moved = (segments: readonly string[], query: string): Answer => ({
  kind: 'redirect',
  to: toLocation(segments, query),
  status: 301,
});

/** `/a/` is the folder's index, or else what `/a` is. */
function folderAnswer({ segments, query }: RequestPath, tree: Tree, rules: CompiledRules): Answer | null {
  const index = tree.find([...segments, rules.index].join('/'));
  if (index) return fileOf(index);
  const name = segments.join('/');
  const isPage = rules.cleanUrls && name !== '' && tree.find(`${name}.html`) !== null;
  return isPage ? moved(segments, query) : null;
}

/** `/a` is the file, or with clean URLs the file `a.html`, or leads to the folder. */
function fileAnswer({ segments, query }: RequestPath, tree: Tree, rules: CompiledRules): Answer | null {
  const name = segments.join('/');
  const file = tree.find(name);
  if (file) return (rules.cleanUrls && cleaned(segments, query, tree, rules)) || fileOf(file);
  const page = rules.cleanUrls ? tree.find(`${name}.html`) : null;
  if (page) return fileOf(page);
  return tree.find(`${name}/${rules.index}`) ? moved([...segments, ''], query) : null;
}

/** Where a page's plain name leads, if clean URLs give it a shorter one that means the same. */
function cleaned(segments: readonly string[], query: string, tree: Tree, rules: CompiledRules): Answer | null {
  const last = segments.at(-1) ?? '';
  const above = segments.slice(0, -1);
  if (last === rules.index) return moved(above.length === 0 ? [] : [...above, ''], query);
  if (!last.endsWith('.html') || last === '.html') return null;
  const short = [...above, last.slice(0, -'.html'.length)];
  return tree.find(short.join('/')) ? null : moved(short, query);
}

function fallbackAnswer(tree: Tree, rules: CompiledRules): Answer | null {
  return rules.fallback ? fileOf(tree.find(rules.fallback.slice(1))) : null;
}

function notFound(tree: Tree, rules: CompiledRules): Answer {
  const file = rules.errorPage ? tree.find(rules.errorPage.slice(1)) : null;
  return file ? { kind: 'file', file, status: 404 } : { kind: 'nothing' };
}

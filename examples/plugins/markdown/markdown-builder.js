import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '@pierhead/plugin';

const escaped = (plain) => plain.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
const headings = [/^(#{1,6}) (.+)$/, (_, { length }, heading) => `<h${length}>${heading}</h${length}>`];
const block = (text) => (text.startsWith('#') ? text.replace(...headings) : `<p>${text}</p>`);
const page = (title, markdown) => {
  const blocks = escaped(markdown)
    .trim()
    .split(/\n{2,}/);
  return `<!doctype html><meta charset="utf-8"><title>${escaped(title)}</title>\n${blocks.map(block).join('\n')}\n`;
};

/** @returns {import('@pierhead/plugin').Builder<{ title: string }>} */
export const createMarkdownBuilder = () => ({
  async build(source, { title }, { signal, log, storage, workspace }) {
    const site = join(workspace, 'markdown-site');
    const names = (await readdir(source.path, { recursive: true })).filter((name) => name.endsWith('.md'));
    if (names.length === 0) throw new UserError('markdown_not_found', 'The source has no file that ends in .md.');
    for (const name of names) {
      signal.throwIfAborted();
      const file = join(site, name.replace(/\.md$/, '.html'));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, page(title, await readFile(join(source.path, name), 'utf8')));
    }
    const { digest, bytes } = await storage.putTree(site);
    log(`Made ${names.length} pages`);
    const rules = { index: 'index.html', cleanUrls: true, cacheControl: 'no-cache', headers: [], redirects: [] };
    return { kind: 'files', digest, bytes, rules };
  },
  discard: ({ digest }, { storage }) => storage.removeTree(digest),
});

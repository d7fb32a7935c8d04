const maxSteps = 1_000;

/**
 * The path that `path` stands for once every symbolic link on its way is followed; null when it leaves the tree or
 * goes round in circles. Paths are relative to the tree's root, which is ''; `links` maps a link to its raw target.
 */
export function resolveInTree(links: ReadonlyMap<string, string>, path: string): string | null {
  const ahead = path.split('/').reverse();
  const done: string[] = [];
  for (let steps = 0; ahead.length > 0; steps++) {
    if (steps > maxSteps) return null;
    const segment = ahead.pop() ?? '';
    if (segment === '' || segment === '.') continue;
    if (segment === '..') {
      if (done.pop() === undefined) return null;
      continue;
    }
    done.push(segment);
    const target = links.size > 0 ? links.get(done.join('/')) : undefined;
    if (target === undefined) continue;
    if (target.startsWith('/')) return null;
    done.pop();
    ahead.push(...target.split('/').reverse());
  }
  return done.join('/');
}

import type { SiteRules } from '@pierhead/model';
import picomatch from 'picomatch';
import { parsePath, type RequestPath, toLocation } from './request-path.js';

/** Rules made ready to be asked. */
export interface CompiledRules extends Omit<SiteRules, 'headers' | 'redirects'> {
  /** Where an explicit redirect sends the path, or null. */
  redirect(path: RequestPath): { to: string; status: number } | null;
  /** The headers for any of these decoded paths; a later rule wins. */
  headersFor(...paths: string[]): Record<string, string>;
}

const compiled = new WeakMap<SiteRules, CompiledRules>();

/** Compiles rules once for as long as the same object is served. */
export function compileRules(rules: SiteRules): CompiledRules {
  const known = compiled.get(rules);
  if (known) return known;
  const redirects = rules.redirects.map(compileRedirect);
  const headers = rules.headers.map(({ path, name, value }) => ({
    fits: matcher(path),
    name: name.toLowerCase(),
    value,
  }));
  const made: CompiledRules = {
    ...rules,
    redirect: (path) => first(redirects, (each) => each(path)),
    headersFor: (...paths) =>
      Object.fromEntries(
        headers.filter((each) => paths.some((path) => each.fits(path))).map(({ name, value }) => [name, value]),
      ),
  };
  compiled.set(rules, made);
  return made;
}

/** Only `*` and `**` mean anything. */
const matcher = (glob: string) =>
  picomatch(glob, { dot: true, noextglob: true, nobrace: true, nobracket: true, nonegate: true, strictSlashes: true });

type Redirect = (path: RequestPath) => { to: string; status: number } | null;

function compileRedirect({ from, to, status }: SiteRules['redirects'][number]): Redirect {
  const takesAll = from.endsWith('/*');
  const start = parsePath(takesAll ? from.slice(0, -1) : from)?.segments ?? null;
  return ({ segments, query, isOdd }) => {
    if (start === null || isOdd || !start.every((each, at) => each === segments[at])) return null;
    const rest = segments.slice(start.length);
    if (rest.length > 0 && !takesAll) return null;
    const target = to.replaceAll(':splat', () => toLocation(rest).slice(1));
    return { to: withQuery(target, query), status };
  };
}

function withQuery(to: string, query: string): string {
  if (query === '' || to.includes('?')) return to;
  const [path = '', ...fragment] = to.split('#');
  return [path + query, ...fragment].join('#');
}

function first<T, R>(items: readonly T[], ask: (item: T) => R | null): R | null {
  for (const item of items) {
    const answer = ask(item);
    if (answer !== null) return answer;
  }
  return null;
}

import type { Problem, SiteRules } from '@pierhead/model';
import { defaultCacheControl, type StaticConfig } from './static-config.js';

/** What describes the connection or the bytes themselves is the gateway's own. */
const ownedByGateway = new Set([
  'accept-ranges',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'date',
  'etag',
  'host',
  'keep-alive',
  'location',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'vary',
]);
const redirectStatuses = new Set([301, 302, 307, 308]);
const defaultStatus = 302;
const splat = ':splat';

type Header = NonNullable<StaticConfig['headers']>[number];
type Redirect = NonNullable<StaticConfig['redirects']>[number];

/** What the config's schema cannot say of headers and redirects. */
export function ruleProblems({ headers = [], redirects = [] }: StaticConfig): Problem[] {
  return [
    ...headers.flatMap((each, at) => headerProblems(each, `/headers/${at}`)),
    ...redirects.flatMap((each, at) => redirectProblems(each, `/redirects/${at}`)),
  ];
}

function headerProblems({ name, value }: Header, path: string): Problem[] {
  const problems: Problem[] = [];
  const lower = name.toLowerCase();
  if (ownedByGateway.has(lower) || lower.startsWith('proxy-'))
    problems.push({ path: `${path}/name`, code: 'header_forbidden', message: `${name} is set by the gateway alone.` });
  if (/[^\u0020-\u007e]/.test(value))
    problems.push({ path: `${path}/value`, code: 'header_invalid', message: 'The value has a forbidden character.' });
  return problems;
}

function redirectProblems({ from, to, status = defaultStatus }: Redirect, path: string): Problem[] {
  const problems: Problem[] = [];
  const report = (field: string, code: string, message: string) => problems.push({ path: path + field, code, message });
  if (!redirectStatuses.has(status)) report('/status', 'status_invalid', 'A redirect is 301, 302, 307 or 308.');
  if (!isTarget(to))
    report('/to', 'redirect_invalid', 'The target is an http(s) URL or a path with one leading slash.');
  if (to === from) report('/to', 'redirect_loop', 'The redirect leads back to itself.');
  if (to.includes(splat) && !from.endsWith('/*'))
    report('/to', 'redirect_invalid', 'Without a from that ends in /* there is no :splat.');
  if (to.includes(splat) && !to.includes(`/${splat}`))
    report('/to', 'redirect_invalid', 'Only a whole part of the path can be :splat.');
  return problems;
}

function isTarget(to: string): boolean {
  if (/[^\u0021-\u007e]|\\/.test(to)) return false;
  if (to.startsWith('/')) return !to.startsWith('//');
  if (!URL.canParse(to)) return false;
  const { protocol, username, password } = new URL(to);
  return /^https?:$/.test(protocol) && username === '' && password === '' && /^https?:\/\/[^/]/.test(to);
}

/** The rules that the gateway serves by. Paths inside the site start with a slash. */
export function siteRules(config: StaticConfig, errorPage: string | null): SiteRules {
  const { index = 'index.html', fallback, cleanUrls = true, cacheControl = defaultCacheControl } = config;
  const redirects = (config.redirects ?? []).map(({ from, to, status = defaultStatus }) => ({ from, to, status }));
  return {
    index,
    ...(errorPage ? { errorPage: rooted(errorPage) } : {}),
    ...(fallback ? { fallback: rooted(fallback) } : {}),
    cleanUrls,
    cacheControl,
    headers: config.headers ?? [],
    redirects,
  };
}

const rooted = (path: string) => (path.startsWith('/') ? path : `/${path}`);

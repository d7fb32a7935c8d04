const maxLength = 2_048;
const forbidden = /[\u0000-\u001f\u007f\\]/;

/** A request's path, taken apart: what it asks for, and never how to climb. */
export interface RequestPath {
  /** Decoded, without empty ones; none is `.` or `..`. */
  segments: string[];
  /** The path ends in a slash; the root always does. */
  isFolder: boolean;
  /** With its question mark, or ''. */
  query: string;
  /** The path had empty parts, as in `//host/x`: nothing answers to such a path. */
  isOdd: boolean;
}

/** Takes a raw request target apart; null when it is malformed or tries to climb. */
export function parsePath(target: string): RequestPath | null {
  const mark = target.indexOf('?');
  const raw = mark === -1 ? target : target.slice(0, mark);
  const path = decode(raw);
  if (path === null || !path.startsWith('/') || path.length > maxLength || forbidden.test(path)) return null;
  const inner = path.slice(1).split('/');
  const isFolder = inner.at(-1) === '';
  if (isFolder) inner.pop();
  const segments = inner.filter((each) => each !== '');
  if (segments.some((each) => each === '.' || each === '..')) return null;
  return { segments, isFolder, query: mark === -1 ? '' : target.slice(mark), isOdd: segments.length !== inner.length };
}

function decode(raw: string): string | null {
  try {
    return decodeURIComponent(raw);
  } catch {
    return null;
  }
}

/** A path on this host for a Location header: it has one leading slash, whatever the segments are. */
export const toLocation = (segments: readonly string[], query = '') =>
  `/${segments.map(encodeURIComponent).join('/')}${query}`;

/** Names that start with a dot are private, but for the first part `.well-known`. */
export const isHidden = (segments: readonly string[]) =>
  segments.some((each, at) => each.startsWith('.') && !(at === 0 && each === '.well-known'));

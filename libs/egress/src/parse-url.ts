import { UserError } from '@pierhead/model';

const maxLength = 2_000;
/** What WHATWG parsing drops or rewrites in silence. */
const dropped = /[\u0000-\u0020\u007f\\]/;
const dotSegment = /(^|\/)(\.|%2e){1,2}(?=\/|$)/i;

/**
 * Parses an http or https URL and refuses one that means something else than what is written:
 * tabs and newlines, backslashes, odd notations of an IP address, dot segments, credentials.
 */
export function parseUrl(raw: string): URL {
  if (raw.length > maxLength) throw invalid(`it is longer than ${maxLength} characters`);
  if (dropped.test(raw)) throw invalid('it holds spaces, control characters or backslashes');
  const written = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*)([^?#]*))?/i.exec(raw);
  if (!written || !URL.canParse(raw)) throw invalid('it cannot be read');
  const url = new URL(raw);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw schemeRefused(url.protocol);
  const [, , authority = '', path = ''] = written;
  if (authority.includes('@')) throw credentialsRefused();
  if (withoutDefaultPort(authority.toLowerCase(), url.protocol) !== url.host) throw ambiguousHost(authority, url.host);
  if (dotSegment.test(path)) throw invalid('its path holds dot segments');
  return url;
}

function withoutDefaultPort(authority: string, protocol: string): string {
  const suffix = protocol === 'https:' ? ':443' : ':80';
  return authority.endsWith(suffix) ? authority.slice(0, -suffix.length) : authority;
}

const invalid = (reason: string) =>
  new UserError('url_invalid', `The URL is refused: ${reason}.`, {
    hint: 'Write it as https://host/path.',
  });

const ambiguousHost = (written: string, meant: string) =>
  new UserError('url_invalid', `The URL is refused: its host is written ${written} but means ${meant || 'nothing'}.`, {
    hint: 'Write the host in its plain form; international names in their xn-- form.',
  });

const credentialsRefused = () =>
  new UserError('url_invalid', 'The URL is refused: it holds a user name or a password.', {
    hint: 'Remove everything before the @ and put the token in its own field.',
  });

const schemeRefused = (protocol: string) =>
  new UserError('url_scheme_refused', `URLs that begin with ${protocol} are not accepted.`, {
    hint: 'Write an https:// URL.',
  });

import { lookup as systemLookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { UserError, WorldError } from '@pierhead/model';
import { isAllowed, isPublic, reachedAddress } from './address.js';
import { parseUrl } from './parse-url.js';

/** Every address of a host name; rejects with Node's DNS error codes. */
export type Lookup = (host: string) => Promise<readonly { address: string }[]>;

export interface EgressRules {
  /** CIDRs of private ranges that may be reached, also over plain http. */
  allow: readonly string[];
  lookup?: Lookup;
}

/** A URL that may be reached. Connect to one of `addresses`: the name may mean another machine a moment later. */
export interface CheckedUrl {
  url: URL;
  /** Without brackets around an IPv6 address. */
  host: string;
  port: number;
  addresses: string[];
}

/**
 * Decides whether the program may connect to a URL that a user wrote.
 * Throws UserError `url_invalid`, `url_scheme_refused`, `host_not_found` or `address_refused`,
 * and WorldError `host_lookup_failed` when the resolver itself does not answer.
 */
export async function checkUrl(raw: string, rules: EgressRules): Promise<CheckedUrl> {
  const url = parseUrl(raw);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(host) ? [host] : await resolve(host, rules.lookup ?? lookupAll);
  for (const address of addresses) checkAddress(address, host, url.protocol, rules.allow);
  return { url, host, port: portOf(url), addresses };
}

const lookupAll: Lookup = (host) => systemLookup(host, { all: true, verbatim: true });

function portOf(url: URL): number {
  if (url.port) return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

async function resolve(host: string, lookup: Lookup): Promise<string[]> {
  try {
    const found = await lookup(host);
    if (found.length > 0) return found.map((each) => each.address);
  } catch (cause) {
    if (isTemporary(cause))
      throw new WorldError('host_lookup_failed', `The name ${host} cannot be looked up.`, { cause });
  }
  throw new UserError('host_not_found', `There is no host named ${host}.`, { hint: 'Check the spelling of the URL.' });
}

const isTemporary = (error: unknown) =>
  error instanceof Error && 'code' in error && (error.code === 'EAI_AGAIN' || error.code === 'ETIMEOUT');

function checkAddress(text: string, host: string, protocol: string, allow: readonly string[]): void {
  const address = reachedAddress(text);
  if (isAllowed(address, allow)) return;
  if (!isPublic(address)) throw addressRefused(host, text);
  if (protocol === 'http:') throw plainHttpRefused(host);
}

const addressRefused = (host: string, address: string) =>
  new UserError('address_refused', `${host} is at ${address}, an address inside a private or reserved network.`, {
    hint: "Use a public host, or ask the operator to add the network's CIDR to PIERHEAD_EGRESS_ALLOW.",
  });

const plainHttpRefused = (host: string) =>
  new UserError('url_scheme_refused', `${host} is not asked over plain http.`, { hint: 'Write https:// instead.' });

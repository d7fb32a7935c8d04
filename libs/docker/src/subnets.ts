import ipaddr from 'ipaddr.js';

/** How many addresses a network of ours gets: for 20 replicas twice, and who reaches them. */
const prefix = 26;
const size = 2 ** (32 - prefix);

interface Range {
  first: number;
  last: number;
}

/**
 * The /26 networks of a range that overlap none of those in use, in their order.
 * @param range such as `198.18.0.0/15`
 * @param used those of the engine's networks, of IPv6 too
 */
export function* freeSubnets(range: string, used: readonly string[]): Generator<string> {
  const all = rangeOf(range);
  const taken = used.flatMap((each) => rangeOf(each) ?? []);
  if (!all) return;
  for (let first = all.first; first + size - 1 <= all.last; first += size) {
    const last = first + size - 1;
    if (!taken.some((each) => each.first <= last && first <= each.last)) yield `${textOf(first)}/${prefix}`;
  }
}

/** Null for anything but a range of IPv4 addresses. */
function rangeOf(cidr: string): Range | null {
  if (!ipaddr.IPv4.isValidCIDR(cidr)) return null;
  const [, bits] = ipaddr.IPv4.parseCIDR(cidr);
  const first = ipaddr.IPv4.networkAddressFromCIDR(cidr)
    .toByteArray()
    .reduce((sum, byte) => sum * 256 + byte, 0);
  return { first, last: first + 2 ** (32 - bits) - 1 };
}

const textOf = (address: number) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');

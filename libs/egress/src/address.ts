import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Global unicast; every IPv6 address outside of it is special or not handed out. */
const globalIpv6 = ipaddr.parseCIDR('2000::/3');
/** NAT64: the last four bytes are the IPv4 address that is really reached. */
const nat64 = ipaddr.parseCIDR('64:ff9b::/96');
/** Azure's metadata and DHCP service answers at an address that looks public. */
const publicMetadata = new Set(['168.63.129.16']);

/** The address that a connection reaches in the end, in its plain form. */
export function reachedAddress(text: string): Address {
  const address = ipaddr.process(text);
  if (address instanceof ipaddr.IPv4 || !matches(address, nat64)) return address;
  return new ipaddr.IPv4(address.toByteArray().slice(12));
}

/** Whether anybody on the internet may be behind the address, rather than this machine or its network. */
export function isPublic(address: Address): boolean {
  if (publicMetadata.has(address.toString())) return false;
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv4 || matches(address, globalIpv6);
}

/** Whether one of the CIDRs holds the address. */
export const isAllowed = (address: Address, cidrs: readonly string[]) =>
  cidrs.some((cidr) => matches(address, ipaddr.parseCIDR(cidr)));

function matches(address: Address, cidr: [Address, number]): boolean {
  return address.kind() === cidr[0].kind() && address.match(cidr);
}

import ipaddr from 'ipaddr.js';
import { HttpProblem } from './http-problem.js';
import { Tally } from './tally.js';

/** How often each address may do something within a minute. */
export class Allowance {
  readonly #taken = new Tally(60_000);

  /** @param perMinute 0 for no limit */
  constructor(readonly perMinute: number) {}

  /** Counts once more for this address. */
  take(address: string): void {
    if (this.perMinute > 0) this.#taken.add(address);
  }

  /** What was counted was none after all. */
  giveBack(address: string): void {
    if (this.#taken.of(address) > 0) this.#taken.add(address, -1);
  }

  /** Throws 429 once the address has used up what it may. */
  assertLeft(address: string, what: string): void {
    if (this.perMinute === 0 || this.#taken.of(address) < this.perMinute) return;
    const seconds = Math.max(1, Math.ceil(this.#taken.remainingMs(address) / 1_000));
    const detail = `More than ${this.perMinute} ${what} within a minute came from your address: wait ${seconds} s.`;
    throw new HttpProblem(429, 'rate_limited', detail, { headers: { 'retry-after': String(seconds) } });
  }
}

/** Whom the limits count: an IPv4 address, or the /64 that an IPv6 host has to itself. */
export function limitedAddress(remoteAddress: string | null): string {
  if (remoteAddress === null || !ipaddr.isValid(remoteAddress)) return '';
  const address = ipaddr.process(remoteAddress);
  return address instanceof ipaddr.IPv6 ? address.parts.slice(0, 4).join(':') : address.toString();
}

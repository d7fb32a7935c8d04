import type { LogStream } from '@pierhead/model';

const maxText = 64_000;
const maxTotal = 4_000_000;
/** What a write counts at the least, however short: each is a message to the other side. */
const minWrite = 100;

/** What one call may write to the log, before it would fill the memory of the process that reads it. */
export class Output {
  #left = maxTotal;
  /** Takes out what must not be seen; before anything is cut off, so that no part of it is left. */
  mask = (text: string) => text;

  constructor(readonly send: (text: string, stream: LogStream) => void) {}

  write(text: unknown, stream: LogStream): void {
    if (this.#left <= 0) return;
    const line = this.mask(String(text)).slice(0, maxText).replace(/\n$/, '');
    this.#left -= Math.max(line.length + 1, minWrite);
    const isStream = stream === 'stderr' || stream === 'system';
    this.send(line, isStream ? stream : 'stdout');
    if (this.#left <= 0) this.send(`More than ${maxTotal} characters; the rest of the output is left out.`, 'system');
  }
}

import { secretForms } from './secret-forms.js';
import { TextAutomaton } from './text-automaton.js';

/** Text that arrives in pieces, cut anywhere. */
export interface MaskedText {
  /** What can be told by now; what may be the beginning of a secret is kept back. */
  write(text: string): string;
  /** The rest. */
  end(): string;
}

/** Puts stars in the place of secrets, however they are written: see `secretForms`. Line breaks inside do not hide them. */
export interface SecretMask {
  mask(text: string): string;
  open(): MaskedText;
}

const stars = '***';

/** What is looked for at most, in characters of all forms: some 75 bytes and one to two microseconds each, once. */
const mostChars = 262_144;

/**
 * Looks for all secrets as they are, and for as many of their other forms as there is room for.
 * @param secrets may be none; where even they are too long to be looked for, nothing is told
 */
export function maskSecrets(secrets: Iterable<string>): SecretMask {
  const all = [...new Set(secrets)].map(secretForms);
  const forms = all.flatMap(({ plain }) => plain);
  let chars = forms.reduce((sum, { length }) => sum + length, 0);
  if (chars > mostChars) return { mask: () => stars, open: () => ({ write: () => '', end: () => stars }) };
  for (const form of all.flatMap(({ others }) => others)) {
    if (chars + form.length > mostChars) continue;
    chars += form.length;
    forms.push(form);
  }
  if (forms.length === 0) return { mask: (text) => text, open: () => ({ write: (text) => text, end: () => '' }) };
  const automaton = new TextAutomaton(forms);
  const open = () => new OpenText(automaton);
  return {
    mask(text) {
      const whole = open();
      return whole.write(text) + whole.end();
    },
    open,
  };
}

class OpenText implements MaskedText {
  readonly #automaton: TextAutomaton;
  #state = 0;
  #text = '';
  /** Where in `#text` each of its characters stands, line breaks apart. */
  #places: number[] = [];
  /** What of `#places` is secret: from, to. In order, and apart from each other. */
  #secret: [number, number][] = [];
  /** Whether the stars of a secret at the very beginning are told already. */
  #isTold = false;

  constructor(automaton: TextAutomaton) {
    this.#automaton = automaton;
  }

  write(text: string): string {
    const begin = this.#text.length;
    this.#text += text;
    for (let at = begin; at < this.#text.length; at++) this.#read(at);
    return this.#release(this.#places.length - this.#automaton.begun(this.#state));
  }

  end(): string {
    this.#state = 0;
    return this.#release(this.#places.length);
  }

  #read(at: number): void {
    const code = this.#text.charCodeAt(at);
    if (code === 10 || code === 13) return;
    this.#places.push(at);
    this.#state = this.#automaton.step(this.#state, code);
    const length = this.#automaton.found(this.#state);
    if (length > 0) this.#mark(this.#places.length - length, this.#places.length);
  }

  #mark(from: number, to: number): void {
    let start = from;
    for (let last = this.#secret.at(-1); last && last[1] > start; last = this.#secret.at(-1)) {
      start = Math.min(start, last[0]);
      this.#secret.pop();
    }
    this.#secret.push([start, to]);
  }

  /** Tells the first `count` characters, line breaks apart, and forgets them. */
  #release(count: number): string {
    const until = this.#places[count] ?? this.#text.length;
    let told = '';
    let at = 0;
    for (const [from, to] of this.#secret) {
      if (from >= count) break;
      told += this.#text.slice(at, this.#places[from]) + (from === 0 && this.#isTold ? '' : stars);
      at = to > count ? until : this.#places[to - 1]! + 1;
    }
    told += this.#text.slice(at, until);
    const rest = this.#secret.filter(([, to]) => to > count);
    this.#isTold = count === 0 ? this.#isTold : (rest[0]?.[0] ?? count) < count;
    this.#secret = rest.map(([from, to]) => [Math.max(0, from - count), to - count]);
    this.#places = this.#places.slice(count).map((place) => place - until);
    this.#text = this.#text.slice(until);
    return told;
  }
}

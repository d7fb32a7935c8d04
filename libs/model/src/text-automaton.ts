const codes = 65_536;

/** Looks for many texts at once, one character at a time (Aho and Corasick). States are numbers; 0 is the first. */
export class TextAutomaton {
  readonly #next = new Map<number, number>();
  readonly #edges: { from: number; code: number; to: number }[] = [];
  /** Where to go on from where a text breaks off. */
  readonly #fallback = [0];
  readonly #depth = [0];
  readonly #found = [0];
  readonly #begun = [0];

  constructor(texts: Iterable<string>) {
    for (const text of texts) this.#add(text);
    this.#link();
  }

  step(state: number, code: number): number {
    for (let at = state; ; at = this.#fallback[at]!) {
      const next = this.#next.get(at * codes + code);
      if (next !== undefined) return next;
      if (at === 0) return 0;
    }
  }

  /** How many of the last characters a text may begin with that is not complete yet. */
  begun(state: number): number {
    return this.#begun[state]!;
  }

  /** The length of the longest text that ends here, or 0. */
  found(state: number): number {
    return this.#found[state]!;
  }

  #add(text: string): void {
    let at = 0;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      at = this.#next.get(at * codes + code) ?? this.#grow(at, code);
    }
    this.#found[at] = text.length;
  }

  #grow(from: number, code: number): number {
    const to = this.#depth.length;
    this.#next.set(from * codes + code, to);
    this.#edges.push({ from, code, to });
    this.#depth.push(this.#depth[from]! + 1);
    this.#fallback.push(0);
    this.#found.push(0);
    this.#begun.push(0);
    return to;
  }

  /** Shallow states first: a fallback is always shallower. */
  #link(): void {
    const goesOn = new Set(this.#edges.map(({ from }) => from));
    for (const { from, code, to } of this.#edges.sort((a, b) => this.#depth[a.to]! - this.#depth[b.to]!)) {
      const fallback = from === 0 ? 0 : this.step(this.#fallback[from]!, code);
      this.#fallback[to] = fallback;
      this.#found[to] ||= this.#found[fallback]!;
      this.#begun[to] = goesOn.has(to) ? this.#depth[to]! : this.#begun[fallback]!;
    }
  }
}

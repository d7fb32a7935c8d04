import { Pool } from 'undici';

/** How long a replica that could not be reached comes after the others. */
const restMs = 5_000;

/** One running instance of a release, and what is under way to it. */
export class Replica {
  readonly pool: Pool;
  /** Requests and WebSockets at this moment. */
  #active = 0;
  #restsUntil = 0;

  constructor(
    readonly deploymentId: string,
    /** Such as `http://127.0.0.1:8000`. */
    readonly origin: string,
    options: Pool.Options,
    private readonly onIdle: (replica: Replica) => void,
  ) {
    this.pool = new Pool(origin, options);
  }

  get active() {
    return this.#active;
  }

  /** Whether it could not be reached a moment ago. */
  get rests() {
    return this.#restsUntil > performance.now();
  }

  /** Something is under way to it, until the answer of this is called. */
  occupy(): () => void {
    this.#active += 1;
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#active -= 1;
      if (this.#active === 0) this.onIdle(this);
    };
  }

  /** It could not be reached. */
  rest() {
    this.#restsUntil = performance.now() + restMs;
  }
}

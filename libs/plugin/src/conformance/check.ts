/** What a check runs in. */
export interface Scope {
  /** Runs after the check, whatever came of it; the last given first. */
  teardown(handler: () => unknown): void;
}

/** One thing that must hold. `run` rejects, as `node:assert` does, when it does not. */
export interface Check<S extends Scope = Scope> {
  name: string;
  /** Why it cannot be tried here, in words. */
  skip?: string | false;
  run(scope: S): Promise<void>;
}

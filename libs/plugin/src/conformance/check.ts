/** What a check runs in. */
export interface Scope {
  /** Runs after the check, whatever came of it; the last given first. */
  teardown(handler: () => unknown): void;
}

/** Nothing but that the check held, unless it could not be tried: then why, in words. */
export type Outcome = { notTried: string } | undefined;

/** One thing that must hold. `run` rejects, as `node:assert` does, when it does not. */
export interface Check<S extends Scope = Scope> {
  name: string;
  /** Why it cannot be tried here, in words. */
  skip?: string | false;
  run(scope: S): Promise<Outcome>;
}

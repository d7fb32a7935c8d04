import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, type Route } from '@pierhead/model';

export interface CandidatesOptions {
  /** What is wrong with a release as its route names it; null when all of its upstreams answer. */
  check(route: Route, signal: AbortSignal): Promise<string | null>;
  /** Called when it turns out late that a release answers, or that it does not. */
  onChange(): void;
}

interface Candidate {
  route: Route;
  /** Why it is not served; null while that may still be chance. */
  refusal: string | null;
  looking: Promise<void>;
  ending: AbortController;
}

const firstPauseMs = 20;
const maxPauseMs = 1_000;
/** A release that has not answered for so long is refused; it is asked again all the same. */
const patienceMs = 2_500;

/** The new releases among the routes: each gets requests once this gateway has got an answer from it. */
export class Candidates {
  readonly #admitted = new Set<string>();
  readonly #candidates = new Map<string, Candidate>();
  #first = true;
  #awaited = false;

  constructor(private readonly options: CandidatesOptions) {}

  /** By deployment, why it is not served; null while it may still answer. */
  get withheld(): Record<string, string | null> {
    return Object.fromEntries([...this.#candidates].map(([id, { refusal }]) => [id, refusal]));
  }

  /**
   * What to serve of a reading: for a release that has not answered yet the one before it, where there is one. Those of
   * the first reading serve already.
   */
  select(routes: readonly Route[], serving: ReadonlyMap<string, Route>): Route[] {
    this.#forget(new Set(routes.map(({ deploymentId }) => deploymentId)));
    for (const route of routes) this.#take(route);
    this.#first = false;
    return routes.map((route) => {
      const before = serving.get(route.hostname);
      return this.#candidates.has(route.deploymentId) && before && replaces(route, before) ? before : route;
    });
  }

  /** Waits for the answers of those that are being asked, no longer than this. */
  async settle(limitMs: number): Promise<void> {
    const looking = [...this.#candidates.values()].filter(({ refusal }) => refusal === null);
    if (looking.length === 0) return;
    this.#awaited = true;
    const limit = new AbortController();
    const late = delay(limitMs, undefined, { signal: limit.signal, ref: false }).catch(() => {});
    await Promise.race([Promise.all(looking.map((each) => each.looking)), late]);
    limit.abort();
    this.#awaited = false;
  }

  close() {
    this.#forget(new Set());
  }

  #forget(named: ReadonlySet<string>) {
    for (const id of this.#admitted) if (!named.has(id)) this.#admitted.delete(id);
    for (const [id, { ending }] of this.#candidates) {
      if (named.has(id)) continue;
      ending.abort();
      this.#candidates.delete(id);
    }
  }

  #take(route: Route) {
    const id = route.deploymentId;
    const known = this.#candidates.get(id);
    if (known) known.route = route;
    else if (this.#first) this.#admitted.add(id);
    else if (!this.#admitted.has(id)) this.#begin(route);
  }

  #begin(route: Route) {
    const candidate = { route, refusal: null, looking: Promise.resolve(), ending: new AbortController() };
    this.#candidates.set(route.deploymentId, candidate);
    candidate.looking = this.#look(candidate);
  }

  async #look(candidate: Candidate): Promise<void> {
    const { signal } = candidate.ending;
    const started = performance.now();
    for (let pause = firstPauseMs; ; pause = Math.min(maxPauseMs, pause * 2)) {
      const wrong = await this.options.check(candidate.route, signal).catch(messageOf);
      if (signal.aborted) return;
      if (wrong === null) break;
      const isNews = candidate.refusal === null && performance.now() - started > patienceMs;
      if (isNews) candidate.refusal = wrong;
      if (isNews) this.#tell();
      await delay(pause, undefined, { signal }).catch(() => {});
    }
    this.#candidates.delete(candidate.route.deploymentId);
    this.#admitted.add(candidate.route.deploymentId);
    this.#tell();
  }

  #tell() {
    if (!this.#awaited) this.options.onChange();
  }
}

const replaces = (one: Route, other: Route) =>
  one.deploymentId !== other.deploymentId && one.serviceId === other.serviceId && one.environment === other.environment;

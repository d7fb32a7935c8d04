import type { Route, Upstream } from '@pierhead/model';
import type { Pool } from 'undici';
import { Replica } from './replica.js';

export type HttpUpstream = Extract<Upstream, { kind: 'http' }>;

export interface UpstreamPoolsOptions {
  pool: Pool.Options;
  /** Called when a replica that no route names any more has had its time to end what is under way to it. */
  onOverdue(replica: Replica): void;
  /** Called when nothing is under way any more to a replica that no route names, or its time is over. */
  onDrained(): void;
}

const originOf = ({ host, port }: HttpUpstream) => `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

const isHttp = (upstream: Upstream): upstream is HttpUpstream => upstream.kind === 'http';

/** The engine gives a freed address to others: an origin alone tells nothing. */
const keyOf = (deploymentId: string, origin: string) => `${deploymentId} ${origin}`;

/** A pool of connections for each upstream that the routes name, and those that are still busy when they no longer do. */
export class UpstreamPools {
  readonly #replicas = new Map<string, Replica>();
  readonly #draining = new Map<Replica, NodeJS.Timeout>();
  #turn = 0;

  constructor(private readonly options: UpstreamPoolsOptions) {}

  /** The replicas behind a route: those that can be reached first, of these the least busy; equally busy ones take turns. */
  choose(route: Route): Replica[] {
    const replicas = route.upstreams
      .filter(isHttp)
      .map((upstream) => this.#replica(route.deploymentId, originOf(upstream)));
    if (replicas.length < 2) return replicas;
    this.#turn = (this.#turn + 1) % replicas.length;
    const turned = [...replicas.slice(this.#turn), ...replicas.slice(0, this.#turn)];
    return turned.sort((one, other) => Number(one.rests) - Number(other.rests) || one.active - other.active);
  }

  /** Lets go of what no route names any more: each gets no further request, and its time to end those that it has. */
  retain(before: readonly Route[], routes: readonly Route[]) {
    const named = new Set(
      routes.flatMap(({ deploymentId, upstreams }) =>
        upstreams.filter(isHttp).map((each) => keyOf(deploymentId, originOf(each))),
      ),
    );
    const seconds = new Map(before.map(({ deploymentId, drainSeconds }) => [deploymentId, drainSeconds]));
    for (const [key, replica] of this.#replicas) {
      if (named.has(key)) continue;
      this.#replicas.delete(key);
      void replica.pool.close();
      if (replica.active > 0) this.#drain(replica, seconds.get(replica.deploymentId) ?? 0);
    }
  }

  /** The deployments that no route names any more, and that something is still under way to. */
  draining(): string[] {
    return [...new Set([...this.#draining.keys()].map(({ deploymentId }) => deploymentId))];
  }

  get size() {
    return this.#replicas.size;
  }

  /** Closes everything at once. */
  async destroy() {
    const replicas = [...this.#replicas.values(), ...this.#draining.keys()];
    for (const timer of this.#draining.values()) clearTimeout(timer);
    this.#replicas.clear();
    this.#draining.clear();
    await Promise.all(replicas.map(({ pool }) => pool.destroy()));
  }

  #drain(replica: Replica, seconds: number) {
    const overdue = () => {
      this.options.onOverdue(replica);
      this.#drained(replica);
    };
    this.#draining.set(replica, setTimeout(overdue, seconds * 1_000).unref());
  }

  #drained(replica: Replica) {
    clearTimeout(this.#draining.get(replica));
    if (this.#draining.delete(replica)) this.options.onDrained();
  }

  #replica(deploymentId: string, origin: string): Replica {
    const key = keyOf(deploymentId, origin);
    const known = this.#replicas.get(key);
    if (known) return known;
    const replica = new Replica(deploymentId, origin, this.options.pool, (idle) => this.#drained(idle));
    this.#replicas.set(key, replica);
    return replica;
  }
}

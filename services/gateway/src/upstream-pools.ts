import type { Route, Upstream } from '@pierhead/model';
import { Pool } from 'undici';

export type HttpUpstream = Extract<Upstream, { kind: 'http' }>;

/** One running instance of a release. */
export interface Replica {
  /** Such as `http://127.0.0.1:8000`. */
  origin: string;
  pool: Pool;
  /** Requests and WebSockets at this moment. */
  active: number;
}

const originOf = ({ host, port }: HttpUpstream) => `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

const isHttp = (upstream: Upstream): upstream is HttpUpstream => upstream.kind === 'http';

/** A pool of connections for each upstream that the routes name. */
export class UpstreamPools {
  readonly #replicas = new Map<string, Replica>();
  #turn = 0;

  constructor(private readonly options: Pool.Options) {}

  /** The replicas behind a route, the least busy first; equally busy ones take turns. */
  choose(route: Route): Replica[] {
    const replicas = route.upstreams.filter(isHttp).map((upstream) => this.#replica(originOf(upstream)));
    if (replicas.length < 2) return replicas;
    this.#turn = (this.#turn + 1) % replicas.length;
    const turned = [...replicas.slice(this.#turn), ...replicas.slice(0, this.#turn)];
    return turned.sort((one, other) => one.active - other.active);
  }

  /** Closes the pools that no route names any more, each once its requests have ended. */
  retain(routes: readonly Route[]) {
    const named = new Set(routes.flatMap((route) => route.upstreams.filter(isHttp).map(originOf)));
    for (const [origin, { pool }] of this.#replicas) {
      if (named.has(origin)) continue;
      this.#replicas.delete(origin);
      void pool.close();
    }
  }

  get size() {
    return this.#replicas.size;
  }

  /** Closes everything at once. */
  async destroy() {
    const replicas = [...this.#replicas.values()];
    this.#replicas.clear();
    await Promise.all(replicas.map(({ pool }) => pool.destroy()));
  }

  #replica(origin: string): Replica {
    const known = this.#replicas.get(origin);
    if (known) return known;
    const replica = { origin, pool: new Pool(origin, this.options), active: 0 };
    this.#replicas.set(origin, replica);
    return replica;
  }
}

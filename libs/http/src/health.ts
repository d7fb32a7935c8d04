import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, type Static, Type } from '@pierhead/model';
import type { App } from './app.js';

/**
 * Resolves when the dependency can be used; to `Degraded` when only a part of it can, which keeps nothing from being
 * ready.
 */
export type HealthCheck = () => Promise<unknown>;

/** A sentence that anybody may read. */
export interface Degraded {
  degraded: string;
}

const isDegraded = (answer: unknown): answer is Degraded =>
  typeof (answer as Partial<Degraded> | undefined)?.degraded === 'string';

const Check = Type.Object({
  status: Type.Enum(['ok', 'degraded', 'failed']),
  durationMs: Type.Number(),
  message: Type.Optional(Type.String({ description: 'What is missing of a part that is degraded.' })),
});
const Readiness = Type.Object({
  status: Type.Enum(['ok', 'degraded', 'unavailable']),
  checks: Type.Record(Type.String(), Check),
});
type Readiness = Static<typeof Readiness>;

/** A balancer that reads this sends its requests elsewhere. */
const ending = { status: 'failed' as const, durationMs: 0, message: 'The service is about to end.' };
const limitMs = 2_000;
const silent = { logLevel: 'warn', config: { public: true } } as const;

/**
 * `GET /health`: this process answers. `GET /ready`: so does everything that it needs; why not is in the log. What
 * works in part is still ready.
 */
export function registerHealth(app: App, { checks }: { checks: Record<string, HealthCheck> }): void {
  const health = {
    tags: ['Operations'],
    operationId: 'health',
    summary: 'Whether this process answers',
    response: { 200: Type.Object({ status: Type.String() }) },
  };
  app.get('/health', { ...silent, schema: health }, async () => ({ status: 'ok' }));

  const ready = {
    tags: ['Operations'],
    operationId: 'ready',
    summary: 'Whether everything that it needs answers',
    response: { 200: Readiness, 503: Readiness },
  };
  let running: Promise<Readiness> | undefined;
  app.get('/ready', { ...silent, schema: ready }, async (_request, reply) => {
    if (app.drain.begun) return reply.code(503).send({ status: 'unavailable', checks: { ending } });
    // Anyone may ask, however often; the dependencies are asked once at a time.
    running ??= runAll(app, checks).finally(() => {
      running = undefined;
    });
    const answer = await running;
    return reply.code(answer.status === 'unavailable' ? 503 : 200).send(answer);
  });
}

async function runAll(app: App, checks: Record<string, HealthCheck>): Promise<Readiness> {
  const entries = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await runOne(app, name, check)] as const),
  );
  return { status: statusOf(entries.map(([, check]) => check.status)), checks: Object.fromEntries(entries) };
}

function statusOf(checks: readonly Static<typeof Check>['status'][]): Readiness['status'] {
  if (checks.includes('failed')) return 'unavailable';
  return checks.includes('degraded') ? 'degraded' : 'ok';
}

async function runOne(app: App, name: string, check: HealthCheck): Promise<Static<typeof Check>> {
  const started = performance.now();
  const result = (status: 'ok' | 'degraded' | 'failed') => ({
    status,
    durationMs: Math.round(performance.now() - started),
  });
  const done = new AbortController();
  try {
    const answer = await Promise.race([Promise.resolve().then(check), timeout(done.signal)]);
    return isDegraded(answer) ? { ...result('degraded'), message: answer.degraded } : result('ok');
  } catch (error) {
    app.log.warn({ dependency: name, reason: messageOf(error) }, 'not ready');
    return result('failed');
  } finally {
    done.abort();
  }
}

/** Rejects after the limit, or at once and unheard when the race is over. */
async function timeout(signal: AbortSignal): Promise<never> {
  await delay(limitMs, undefined, { signal });
  throw new Error(`no answer within ${limitMs} ms`);
}

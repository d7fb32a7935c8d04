import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, type Static, Type } from '@pierhead/model';
import type { App } from './app.js';

/** Resolves when the dependency can be used. */
export type HealthCheck = () => Promise<unknown>;

const Check = Type.Object({ status: Type.Enum(['ok', 'failed']), durationMs: Type.Number() });
const Readiness = Type.Object({
  status: Type.Enum(['ok', 'unavailable']),
  checks: Type.Record(Type.String(), Check),
});
type Readiness = Static<typeof Readiness>;

const limitMs = 2_000;
const silent = { logLevel: 'warn', config: { public: true } } as const;

/** `GET /health`: this process answers. `GET /ready`: so does everything that it needs; why not is in the log. */
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
    // Anyone may ask, however often; the dependencies are asked once at a time.
    running ??= runAll(app, checks).finally(() => {
      running = undefined;
    });
    const answer = await running;
    return reply.code(answer.status === 'ok' ? 200 : 503).send(answer);
  });
}

async function runAll(app: App, checks: Record<string, HealthCheck>): Promise<Readiness> {
  const entries = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await runOne(app, name, check)] as const),
  );
  const status = entries.every(([, check]) => check.status === 'ok') ? 'ok' : 'unavailable';
  return { status, checks: Object.fromEntries(entries) };
}

async function runOne(app: App, name: string, check: HealthCheck): Promise<Static<typeof Check>> {
  const started = performance.now();
  const result = (status: 'ok' | 'failed') => ({ status, durationMs: Math.round(performance.now() - started) });
  const done = new AbortController();
  try {
    await Promise.race([Promise.resolve().then(check), timeout(done.signal)]);
    return result('ok');
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

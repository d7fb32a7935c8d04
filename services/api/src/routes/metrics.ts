import { setTimeout as delay } from 'node:timers/promises';
import { finestStep } from '@pierhead/database';
import { lastEventId, type ServerEvent, sendEvents } from '@pierhead/http';
import { MetricsQuery, ServiceMetrics, Type } from '@pierhead/model';
import type { ApiContext } from '../context.js';
import { spanOf } from '../metrics-span.js';
import { metricsOf } from '../metrics-view.js';
import { unknownService } from '../problems.js';
import type { Routes } from '../routes.js';
import { idParams, problems } from '../schemas.js';
import { badQuery } from '../time-of.js';

/** After the end of a step of samples: what was counted in it is stored by then. */
const lagMs = 500;

export const metricsRoutes: Routes = async (app, context) => {
  app.get(
    '/services/:id/metrics',
    {
      schema: {
        tags: ['Services'],
        operationId: 'readServiceMetrics',
        summary: 'Read or follow what the releases of a service take and answer',
        description:
          'Processor, memory, restarts and network traffic, measured every ten seconds; requests, their statuses and how long they took, as the gateways count them. Kept in steps of 10 seconds for an hour, of 5 minutes for a day, of 30 minutes for a week. JSON by default; `Accept: text/event-stream` goes on with what comes, until the service is removed, and resumes from `Last-Event-ID`.',
        params: idParams,
        querystring: MetricsQuery,
        response: {
          200: {
            description: 'The figures of each release.',
            content: {
              'application/json': { schema: ServiceMetrics },
              'text/event-stream': {
                schema: Type.String({
                  description:
                    'An event `metrics` with the same object, then every ten seconds one with the points that are new; a point takes the place of an earlier one of the same `at`. Then `end` once the service is removed.',
                }),
              },
            },
          },
          ...problems(404),
        },
      },
    },
    async (request, reply) => {
      const { params, query } = request;
      if ((await context.services.find(params.id)) === null) throw unknownService();
      const asked = spanOf(query, await context.samples.now());
      if (!(request.headers.accept ?? '').includes('text/event-stream'))
        return metricsOf(context, params.id, query.environment, asked);
      if (query.to !== undefined) throw badQuery('to', 'to must be left out: a stream has no end.');
      const last = lastEventId(request);
      return sendEvents(request, reply, (signal) => follow(context, params.id, query.environment, asked, last, signal));
    },
  );
};

type Asked = ReturnType<typeof spanOf>;

/** All that was asked for, or what came since an event; then what comes. The id of an event is where its time ends. */
async function* follow(
  context: ApiContext,
  serviceId: string,
  environment: string,
  { span, now }: Asked,
  last: number | null,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent, void> {
  const { stepSeconds } = span;
  const stepOf = (time: number) => span.from + Math.floor((time - span.from) / stepSeconds) * stepSeconds;
  let from = last === null ? span.from : Math.max(span.from, stepOf(Math.min(last, now) - 1));
  let to = now;
  while (!signal.aborted) {
    const figures = await metricsOf(context, serviceId, environment, { span: { from, to, stepSeconds }, now: to });
    yield { id: to, event: 'metrics', data: figures };
    // The last step may have been told in part, or too soon for what was stored in its last moment.
    from = stepOf(to - 1);
    to = await stepAfter(to, context, signal);
    if ((await context.services.find(serviceId)) === null) break;
  }
  if (!signal.aborted) yield { event: 'end', data: {} };
}

/** Waits until a step of samples has ended that ends after `time`; answers where, in seconds since 1970. */
async function stepAfter(time: number, { samples }: ApiContext, signal: AbortSignal): Promise<number> {
  for (;;) {
    const now = await samples.now();
    const end = Math.floor(now / finestStep) * finestStep;
    if (end > time) return end;
    await delay((end + finestStep - now) * 1_000 + lagMs, undefined, { signal });
  }
}

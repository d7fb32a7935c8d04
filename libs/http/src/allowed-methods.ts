import type { HTTPMethods } from 'fastify';
import plugin from 'fastify-plugin';
import Router from 'find-my-way';
import { HttpProblem, sendProblem } from './http-problem.js';

/** Answers 405 with `Allow` where a path exists under other methods, and 404 where it does not. */
export const allowedMethods = plugin(async (app) => {
  const paths = Router<Router.HTTPVersion.V1>();
  const known = new Map<string, Set<string>>();

  app.addHook('onRoute', ({ url, method }) => {
    const path = withoutNames(url);
    const methods = known.get(path) ?? new Set<string>();
    if (!known.has(path)) paths.on('GET', path, () => {}, methods);
    known.set(path, methods);
    for (const each of [method].flat() as HTTPMethods[]) methods.add(each);
  });

  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0]!;
    const methods: Set<string> | undefined = paths.find('GET', path)?.store;
    if (!methods) throw new HttpProblem(404, 'route_not_found', `There is nothing at ${path.slice(0, 200)}.`);
    const allow = [...methods].sort().join(', ');
    const detail = `${request.method} is not possible here; ${allow} is.`;
    return sendProblem(reply, new HttpProblem(405, 'method_not_allowed', detail, { headers: { allow } }));
  });
});

/** Routes of different methods may name the same parameter differently. */
function withoutNames(url: string): string {
  let count = 0;
  return url.replaceAll(/:\w+/g, () => `:p${count++}`);
}

import type { projectRepository } from '@pierhead/database';
import { type App, HttpProblem } from '@pierhead/http';
import type { FastifyContextConfig, RouteOptions } from 'fastify';
import { unacceptable, unknownCommand, unknownDeployment, unknownProject, unknownService } from './problems.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * What a route that names nothing of a project by its path has to do with projects: `none`; or `listed`, when its
     * handler keeps to those of `request.identity`; or `body`, when it makes something in the project that its body
     * names. Without a word a token that is limited to projects is refused.
     */
    projects?: 'none' | 'listed' | 'body';
  }
}

/** What belongs to a project, as paths name it, and what a client is told that may not see it. */
const owned = {
  projects: unknownProject,
  services: unknownService,
  deployments: unknownDeployment,
  commands: unknownCommand,
};
export type Owned = keyof typeof owned;

/** How a token that is limited to projects is held to them on a route; null closes it. The only place that says so. */
function projectRule(url: string, config: FastifyContextConfig = {}) {
  const [, collection, id] = url.split('/');
  if (id === ':id' && Object.hasOwn(owned, collection!)) return collection as Owned;
  return config.projects ?? null;
}

/**
 * Holds tokens that are limited to projects to what belongs to those. What belongs to another one is not there for them;
 * what concerns the whole installation is refused.
 */
export function keepToProjects(app: App, projectOf: ReturnType<typeof projectRepository>['of']): void {
  app.addHook('onRoute', tellClosed);

  const { check } = app.auth;
  // Part of the one check, which event streams repeat: what they tell of may have moved to another project.
  app.auth.check = async (request) => {
    await check?.(request);
    const { identity, params, routeOptions } = request;
    const { url = '', config } = routeOptions;
    if (!identity?.projects) return;
    const rule = projectRule(url, config);
    if (rule === null) throw closed(identity.name);
    if (!Object.hasOwn(owned, rule)) return;
    const kind = rule as Owned;
    const project = await projectOf(kind, (params as { id: string }).id.toLowerCase());
    if (project === null || !identity.projects.includes(project)) throw owned[kind]();
  };

  app.addHook('preHandler', async ({ identity, body, routeOptions: { url = '', config } }) => {
    if (!identity?.projects || typeof body !== 'object' || body === null) return;
    const named = body as { projectId?: string };
    const makes = projectRule(url, config) === 'body';
    const [only, ...others] = identity.projects;
    if (makes && others.length === 0 && only) named.projectId ??= only;
    const moves = Object.hasOwn(named, 'projectId');
    if ((makes || moves) && !identity.projects.includes(named.projectId?.toLowerCase() ?? ''))
      throw notItsOwn(identity.name);
  });
}

function tellClosed(route: RouteOptions): void {
  if (route.config?.public || !route.schema || projectRule(route.url, route.config) !== null) return;
  const sentence = 'Closed to tokens that are limited to projects.';
  const { description } = route.schema;
  route.schema.description = description ? `${description} ${sentence}` : sentence;
}

const closed = (name: string) =>
  new HttpProblem(
    403,
    'project_limited',
    `This route concerns the whole installation, and the token \u201c${name}\u201d is limited to projects.`,
  );

const notItsOwn = (name: string) =>
  unacceptable('project_not_found', 'The service would be in no project that the token may use.', [
    {
      path: '/projectId',
      code: 'project_not_found',
      message: `It must be one of the projects that the token \u201c${name}\u201d is limited to.`,
    },
  ]);

import { defaultProject, type ProjectRow } from '@pierhead/database';
import { PageQuery, Project, ProjectInput, page, Type } from '@pierhead/model';
import { cursorId } from '../cursor.js';
import { conflict, unknownProject } from '../problems.js';
import type { Routes } from '../routes.js';
import { idParams, problems } from '../schemas.js';

const view = ({ id, name, createdAt }: ProjectRow) => ({ id, name, createdAt: createdAt.toISOString() });
const targetOf = ({ id }: ProjectRow) => ({ kind: 'project', id });
const nameTaken = (name: string) => conflict('name_taken', `A project named \u201c${name}\u201d exists already.`);

export const projectRoutes: Routes = async (app, { projects }) => {
  const tags = ['Projects'];

  app.get(
    '/projects',
    {
      config: { projects: 'listed' },
      schema: {
        tags,
        operationId: 'listProjects',
        summary: 'List projects',
        querystring: PageQuery,
        response: { 200: page(Project), ...problems() },
      },
    },
    async ({ query: { limit, cursor }, identity }) => {
      const { items, nextCursor } = await projects.list(limit, cursorId(cursor), identity?.projects ?? null);
      return { items: items.map(view), nextCursor };
    },
  );

  app.post(
    '/projects',
    {
      schema: {
        tags,
        operationId: 'createProject',
        summary: 'Create a project',
        body: ProjectInput,
        response: { 201: Project, ...problems(409, 413, 415) },
      },
    },
    async (request, reply) => {
      const { name } = request.body;
      const row = await projects.create(name);
      if (!row) throw nameTaken(name);
      request.audit = { target: targetOf(row), after: { name } };
      return reply.code(201).header('location', `/projects/${row.id}`).send(view(row));
    },
  );

  app.get(
    '/projects/:id',
    {
      schema: {
        tags,
        operationId: 'readProject',
        summary: 'Read a project',
        params: idParams,
        response: { 200: Project, ...problems(404) },
      },
    },
    async ({ params }) => {
      const row = await projects.find(params.id);
      if (!row) throw unknownProject();
      return view(row);
    },
  );

  app.patch(
    '/projects/:id',
    {
      schema: {
        tags,
        operationId: 'renameProject',
        summary: 'Rename a project',
        params: idParams,
        body: ProjectInput,
        response: { 200: Project, ...problems(404, 409, 413, 415) },
      },
    },
    async (request) => {
      const { identity } = request;
      const { id } = request.params;
      const { name } = request.body;
      const before = await projects.find(id);
      // It would get every service that is made without a project.
      if (identity?.projects && name === defaultProject) throw nameTaken(name);
      const row = before && (await projects.rename(id, name));
      if (row === 'taken') throw nameTaken(name);
      if (!row) throw unknownProject();
      request.audit = { target: targetOf(row), before: { name: before.name }, after: { name } };
      return view(row);
    },
  );

  app.delete(
    '/projects/:id',
    {
      schema: {
        tags,
        operationId: 'deleteProject',
        summary: 'Delete a project without services',
        params: idParams,
        response: { 204: Type.Null(), ...problems(404, 409) },
      },
    },
    async (request, reply) => {
      const before = await projects.find(request.params.id);
      if (!before) throw unknownProject();
      if (!(await projects.remove(before.id)))
        throw conflict('project_not_empty', 'The project has services: delete or move them first.');
      request.audit = { target: targetOf(before), before: { name: before.name } };
      return reply.code(204).send(null);
    },
  );
};

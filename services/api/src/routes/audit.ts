import type { AuditRow } from '@pierhead/database';
import { HttpProblem } from '@pierhead/http';
import { AuditEntry, AuditQuery, page } from '@pierhead/model';
import { cursorId } from '../cursor.js';
import type { Routes } from '../routes.js';
import { problems } from '../schemas.js';
import { timeOf } from '../time-of.js';

export const auditRoutes: Routes = async (app, { audit }) => {
  app.get(
    '/audit',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['Operations'],
        operationId: 'listAuditEntries',
        summary: 'List who changed what, newest first',
        description: 'Entries are neither changed nor removed. Secrets are answered as `{ secret: true }`.',
        querystring: AuditQuery,
        response: { 200: page(AuditEntry), ...problems() },
      },
    },
    async ({ query: { cursor, from, to, ...filter } }) => {
      const { items, nextCursor } = await audit.list({
        ...filter,
        before: cursorId(cursor),
        from: bound('from', from),
        to: bound('to', to),
      });
      return { items: items.map(view), nextCursor };
    },
  );
};

const view = ({ at, targetKind, targetId, ...row }: AuditRow): AuditEntry => ({
  ...row,
  at: at.toISOString(),
  target: targetKind !== null && targetId !== null ? { kind: targetKind, id: targetId } : null,
});

function bound(name: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = timeOf(text);
  if (time) return time;
  const message = `${name} must be a time such as 2026-01-31T12:00:00Z.`;
  const errors = [{ path: `/query/${name}`, code: 'format', message }];
  throw new HttpProblem(400, 'invalid_request', `The query string is not acceptable: ${message}`, { errors });
}

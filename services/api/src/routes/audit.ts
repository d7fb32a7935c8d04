import type { AuditRow } from '@pierhead/database';
import { AuditEntry, AuditQuery, page } from '@pierhead/model';
import { cursorId } from '../cursor.js';
import type { Routes } from '../routes.js';
import { problems } from '../schemas.js';
import { timeIn } from '../time-of.js';

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
        from: timeIn('from', from),
        to: timeIn('to', to),
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

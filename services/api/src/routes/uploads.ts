import type { Readable } from 'node:stream';
import { HttpProblem } from '@pierhead/http';
import { Type, Upload } from '@pierhead/model';
import type { Routes } from '../routes.js';
import { problems } from '../schemas.js';

/** What an upload may be sent as. */
const formats = {
  'application/gzip': 'tar.gz',
  'application/x-gzip': 'tar.gz',
  'application/x-tar': 'tar',
  'application/zip': 'zip',
} as const;

const notAnArchive = () =>
  new HttpProblem(415, 'unsupported_media_type', `An upload is one of ${Object.keys(formats).join(', ')}.`);

export const uploadRoutes: Routes = async (app, { uploads, storage }) => {
  for (const type of Object.keys(formats))
    app.addContentTypeParser(type, (_request, payload, done) => done(null, payload));

  app.post(
    '/uploads',
    {
      bodyLimit: 2 ** 40,
      config: { scope: 'deploy', projects: 'none' },
      schema: {
        tags: ['Uploads'],
        operationId: 'upload',
        summary: 'Upload an archive of source or of files ready to serve',
        description: 'The body is the archive itself. The same bytes give the same id.',
        body: { content: Object.fromEntries(Object.keys(formats).map((type) => [type, { schema: Type.Unknown() }])) },
        response: { 201: Upload, ...problems(413, 415, 422) },
      },
    },
    async (request, reply) => {
      const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
      const format = Object.entries(formats).find(([each]) => each === type)?.[1];
      if (!format) throw notAnArchive();
      const saved = await storage.saveUpload(request.body as Readable, format, { record: uploads.save });
      const { id, digest, bytes, files } = await uploads.save(saved);
      request.audit = { target: { kind: 'upload', id }, after: { digest, bytes, files } };
      return reply.code(201).send({ id, digest, bytes, files });
    },
  );
};

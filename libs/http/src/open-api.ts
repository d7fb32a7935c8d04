import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { TSchema } from '@pierhead/model';
import plugin from 'fastify-plugin';
import { documented } from './documented.js';
import { withReferences } from './shared-schemas.js';

export interface OpenApiOptions {
  title: string;
  description: string;
  /** Sections of the document, in their order. */
  tags?: { name: string; description: string }[];
  /** Written once, under their names, wherever routes use them. */
  schemas?: Record<string, TSchema>;
}

const policy = {
  'default-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'style-src': ["'self'", "'unsafe-inline'"],
  'object-src': ["'none'"],
  'frame-ancestors': ["'none'"],
};

/** The OpenAPI document at `/openapi.json` and its page at `/docs`; both are public. */
export const openApi = plugin<OpenApiOptions & { version: string }>(async (app, options) => {
  const { title, description, version, tags = [], schemas = {} } = options;
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, description, version },
      tags,
      components: {
        // The schemas are plain JSON Schema, which 3.1 takes as it is; the types know 3.0 too.
        schemas: schemas as Record<string, object>,
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'A token, as `Authorization: Bearer …`.' },
        },
      },
      security: [{ bearer: [] }],
    },
    transform: ({ schema, url, route }) => ({ schema: documented(schema, route), url }),
    transformObject: (document) => ('openapiObject' in document ? withReferences(document.openapiObject) : document),
  });
  app.get('/openapi.json', { config: { public: true }, schema: { hide: true } }, async () => app.swagger());
  await app.register(async (docs) => {
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, public: true };
    });
    await docs.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: policy,
      uiConfig: { url: '/openapi.json', validatorUrl: null, deepLinking: true },
    });
  });
});

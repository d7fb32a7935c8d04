import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifySchema, RouteOptions } from 'fastify';
import plugin from 'fastify-plugin';

export interface OpenApiOptions {
  title: string;
  description: string;
  /** Sections of the document, in their order. */
  tags?: { name: string; description: string }[];
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
  const { title, description, version, tags = [] } = options;
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, description, version },
      tags,
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
    transform: ({ schema, url, route }) => ({ schema: withSecurity(schema, route), url }),
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

function withSecurity(schema: FastifySchema | undefined, route: RouteOptions): FastifySchema {
  return route.config?.public ? { ...schema, security: [] } : { ...schema };
}

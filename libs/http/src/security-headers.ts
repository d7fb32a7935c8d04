import plugin from 'fastify-plugin';

const headers = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** For answers that are data; a route that serves a page sets its own policy. */
export const securityHeaders = plugin(async (app) => {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(headers);
  });
});

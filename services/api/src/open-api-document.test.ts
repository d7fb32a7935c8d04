import { Validator } from '@seriousme/openapi-schema-validator';
import t from 'tap';
import { openApiDocument } from './open-api-document.js';

interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  security?: unknown[];
  requestBody?: object;
  responses: Record<string, { description: string; content?: Record<string, { schema: { $ref?: string } }> }>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  tags: { name: string }[];
  components: { schemas: Record<string, object>; securitySchemes: Record<string, { scheme: string }> };
}

const document = (await openApiDocument()) as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ route: `${method} ${path}`, operation })),
);

t.test('the document is valid OpenAPI 3.1', async (t) => {
  const validator = new Validator();
  t.match(await validator.validate(structuredClone(document) as never), { valid: true });
  t.equal(document.openapi, '3.1.0');
});

t.test('every route has a name, a summary and a section that is explained', async (t) => {
  t.ok(operations.length > 30);
  const sections = document.tags.map(({ name }) => name);
  for (const { route, operation } of operations) {
    t.ok(operation.summary, `${route} has a summary`);
    t.ok(
      operation.tags?.every((tag) => sections.includes(tag)) && operation.tags.length === 1,
      `${route} has a section`,
    );
  }
  const names = operations.map(({ operation }) => operation.operationId);
  t.notOk(names.includes(undefined));
  t.equal(new Set(names).size, names.length);
});

t.test('every route that needs a token documents its refusals as problems', async (t) => {
  for (const { route, operation } of operations.filter(({ operation }) => !operation.security)) {
    const expected = [
      400,
      401,
      403,
      429,
      503,
      ...(route.includes('{') ? [404] : []),
      ...(operation.requestBody ? [413, 415] : []),
    ];
    for (const status of expected)
      t.match(
        operation.responses[status]?.content,
        { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        `${route} ${status}`,
      );
  }
  t.match(document.components.securitySchemes, { bearer: { type: 'http', scheme: 'bearer' } });
});

t.test('no response goes without a description, and shared schemas are written once', async (t) => {
  const text = JSON.stringify(document);
  t.notMatch(text, 'Default Response');
  for (const name of Object.keys(document.components.schemas))
    t.ok(text.includes(`"#/components/schemas/${name}"`), `${name} is referred to`);
});

t.test('what has a default may be left out', async (t) => {
  const { get } = document.paths['/services'] as unknown as {
    get: { parameters: { name: string; required: boolean }[] };
  };
  t.match(
    get.parameters.find(({ name }) => name === 'limit'),
    { required: false },
  );
});

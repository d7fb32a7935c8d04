import fc, { type Arbitrary } from 'fast-check';
import type { OpenApi, Operation, Schema } from './open-api.js';
import { hostileText, hostileValue, valuesOf } from './values-of.js';

export interface FuzzedRequest {
  operationId: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | undefined;
}

/** What is known to be there: ids by the first part of a path, and bodies that are good. */
export interface Known {
  ids: Record<string, readonly string[]>;
  bodies: Record<string, unknown>;
}

/** Requests for every operation of the document: right, nearly right and hostile. */
export function requestsOf(document: OpenApi, known: Known): Arbitrary<FuzzedRequest> {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => requestOf(path, method, operation, document, known)),
  );
  return fc.oneof(...operations);
}

function requestOf(
  path: string,
  method: string,
  { operationId, parameters = [], requestBody }: Operation,
  document: OpenApi,
  known: Known,
): Arbitrary<FuzzedRequest> {
  const ids = known.ids[path.split('/')[1]!] ?? [];
  const id = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...ids, '00000000-0000-7000-8000-000000000000') },
    { weight: 1, arbitrary: hostileText },
  );
  const query = parameters.filter((each) => each.in === 'query');
  const header = parameters.filter((each) => each.in === 'header');
  const named = (list: typeof parameters) =>
    fc.record(Object.fromEntries(list.map(({ name, schema }) => [name, textOf(schema, document)])), {
      requiredKeys: [],
    });
  return fc
    .record({
      id,
      query: named(query),
      headers: named(header),
      body: bodyOf(operationId, requestBody, document, known),
    })
    .map((made) => ({
      operationId,
      method: method.toUpperCase(),
      path: path.replace(/\{\w+\}/g, () => encodeURIComponent(Buffer.from(made.id).toString())) + searchOf(made.query),
      headers: { ...visible(made.headers), ...made.body.headers },
      body: made.body.text,
    }));
}

interface Body {
  text: string | undefined;
  headers: Record<string, string>;
}

function bodyOf(
  operationId: string,
  requestBody: Operation['requestBody'],
  document: OpenApi,
  known: Known,
): Arbitrary<Body> {
  const [type, content] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  if (!type || !content) return fc.constant({ text: undefined, headers: {} });
  const headers = { 'content-type': type };
  const good = known.bodies[operationId];
  const value = fc.oneof(
    { weight: 4, arbitrary: valuesOf(content.schema, document) },
    ...(good === undefined ? [] : [{ weight: 6, arbitrary: spoilt(good) }]),
  );
  return fc.oneof(
    { weight: 20, arbitrary: value.map((each) => ({ text: JSON.stringify(each) ?? '', headers })) },
    { weight: 1, arbitrary: hostileText.map((text) => ({ text, headers })) },
    { weight: 1, arbitrary: hostileText.map((text) => ({ text, headers: { 'content-type': 'text/plain' } })) },
  );
}

/** A good body in which one thing is replaced, left out or added. */
function spoilt(good: unknown): Arbitrary<unknown> {
  const places = placesOf(good);
  return fc.record({ place: fc.constantFrom(...places), value: hostileValue, drops: fc.boolean() }).map((change) => {
    const copy = structuredClone({ root: good }) as Record<string, unknown>;
    const keys = ['root', ...change.place];
    const parent = keys.slice(0, -1).reduce((at, key) => at[key] as Record<string, unknown>, copy);
    if (change.drops && keys.length > 1) delete parent[keys.at(-1)!];
    else parent[keys.at(-1)!] = change.value;
    return copy.root;
  });
}

function placesOf(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  const inside = Object.entries(value).flatMap(([key, item]) => placesOf(item).map((place) => [key, ...place]));
  return [[], ['unknown'], ...Object.keys(value).map((key) => [key]), ...inside];
}

const textOf = (schema: Schema, document: OpenApi) =>
  fc.oneof({ weight: 4, arbitrary: valuesOf(schema, document).map(asText) }, { weight: 1, arbitrary: hostileText });

const asText = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

function searchOf(query: Record<string, string | undefined>): string {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return given.length > 0 ? `?${new URLSearchParams(Object.fromEntries(given))}` : '';
}

/** What a header can carry at all. */
const visible = (headers: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value = '']) => [name, value.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 2_000)]),
  );

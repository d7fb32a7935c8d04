/** As much of an OpenAPI document as is needed to make requests of it. */
export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

export interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

/** JSON Schema, as far as the document uses it. */
export type Schema = Record<string, unknown>;

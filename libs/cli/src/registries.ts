import { type Client, dataOf } from '@pierhead/client';

const byId = (id: string) => ({ params: { path: { id } } });
const toggle = (id: string, enabled: boolean) => ({ ...byId(id), body: { enabled } });

/** The three registries, each asked in the same way. */
export const registries = {
  provider: {
    list: (client: Client) => dataOf(client.GET('/providers')),
    schema: (client: Client, id: string) => dataOf(client.GET('/providers/{id}/schema', byId(id))),
    validate: (client: Client, id: string, body: ConfigBody) =>
      dataOf(client.POST('/providers/{id}/validate', { ...byId(id), body })),
    setEnabled: (client: Client, id: string, enabled: boolean) =>
      dataOf(client.PATCH('/providers/{id}', toggle(id, enabled))),
  },
  builder: {
    list: (client: Client) => dataOf(client.GET('/builders')),
    schema: (client: Client, id: string) => dataOf(client.GET('/builders/{id}/schema', byId(id))),
    validate: (client: Client, id: string, body: ConfigBody) =>
      dataOf(client.POST('/builders/{id}/validate', { ...byId(id), body })),
    setEnabled: (client: Client, id: string, enabled: boolean) =>
      dataOf(client.PATCH('/builders/{id}', toggle(id, enabled))),
  },
  runtime: {
    list: (client: Client) => dataOf(client.GET('/runtimes')),
    schema: (client: Client, id: string) => dataOf(client.GET('/runtimes/{id}/schema', byId(id))),
    validate: (client: Client, id: string, body: ConfigBody) =>
      dataOf(client.POST('/runtimes/{id}/validate', { ...byId(id), body })),
    setEnabled: (client: Client, id: string, enabled: boolean) =>
      dataOf(client.PATCH('/runtimes/{id}', toggle(id, enabled))),
  },
};

interface ConfigBody {
  config: unknown;
  deep: boolean;
}

export type Noun = keyof typeof registries;
export const nouns = Object.keys(registries) as Noun[];

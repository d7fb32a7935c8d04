import { type Client, dataOf, type Service } from '@pierhead/client';
import { CliError } from './failure.js';
import { allItems } from './pages.js';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The service of a name or an id. Throws CliError. */
export async function findService(client: Client, nameOrId: string): Promise<Service> {
  const named = (await searchServices(client, nameOrId)).find(({ name }) => name === nameOrId);
  if (named) return named;
  if (uuid.test(nameOrId)) return dataOf(client.GET('/services/{id}', { params: { path: { id: nameOrId } } }));
  throw new CliError('service_not_found', `There is no service “${nameOrId}”.`, '`pierhead services list` shows them.');
}

/** Services with this in their names. */
export const searchServices = (client: Client, search: string): Promise<Service[]> =>
  allItems((query) => client.GET('/services', { params: { query: { ...query, ...(search ? { search } : {}) } } }));

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import {
  type Client,
  createClient,
  dataOf,
  followEvents,
  type Service,
  type ServiceInput,
  upload,
} from '@pierhead/client';
import { create } from 'tar';

/** What `examples/sample.json` says: a service, the folder of its source, and where its config wants the upload. */
interface Sample {
  folder: string;
  uploadKey: string;
  service: ServiceInput;
}

const examples = fileURLToPath(new URL('../../../examples', import.meta.url));
const deploymentLimitMs = 120_000;

/** Deploys the bundled sample through the API like any other client; answers the URL at which it is live. */
export async function deploySample(apiUrl: string, token: string): Promise<{ url: string }> {
  const sample = JSON.parse(await readFile(join(examples, 'sample.json'), 'utf8')) as Sample;
  const client = createClient({ baseUrl: apiUrl, token });
  const service = (await findService(client, sample)) ?? (await createService(client, sample));
  if (!service.live) await deploy(client, service);
  return { url: service.url };
}

async function findService(client: Client, { service: { name } }: Sample): Promise<Service | undefined> {
  const { items } = await dataOf(client.GET('/services', { params: { query: { search: name } } }));
  return items.find((each) => each.name === name);
}

async function createService(client: Client, { folder, uploadKey, service }: Sample): Promise<Service> {
  const { id } = await upload(client, await pack(join(examples, folder)), 'application/gzip');
  const providerConfig = { ...service.providerConfig, [uploadKey]: id };
  return dataOf(client.POST('/services', { body: { ...service, providerConfig } }));
}

async function pack(folder: string): Promise<Readable> {
  return Readable.from(create({ gzip: true, portable: true, cwd: folder }, await readdir(folder)));
}

async function deploy(client: Client, { id }: Service): Promise<void> {
  const signal = AbortSignal.timeout(deploymentLimitMs);
  const params = { path: { id } };
  let deployment = await dataOf(client.POST('/services/{id}/deployments', { params, body: {}, signal }));
  for await (const change of followEvents(client, deployment.id, { signal })) deployment = change;
  if (deployment.status === 'succeeded') return;
  throw new Error(deployment.error?.message ?? `the deployment was ${deployment.status}`);
}

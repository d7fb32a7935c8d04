import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Deployment, isFinal, type Service, type Upload } from '@pierhead/model';
import { create } from 'tar';

/** What `examples/sample.json` says: a service, the folder of its source, and where its config wants the upload. */
interface Sample {
  folder: string;
  uploadKey: string;
  service: { name: string; providerConfig: Record<string, unknown> };
}

const examples = fileURLToPath(new URL('../../../examples', import.meta.url));
const deploymentLimitMs = 120_000;

/** Deploys the bundled sample through the API like any other client; answers the URL at which it is live. */
export async function deploySample(apiUrl: string, token: string): Promise<{ url: string }> {
  const sample = JSON.parse(await readFile(join(examples, 'sample.json'), 'utf8')) as Sample;
  const call = caller(apiUrl, token);
  const service = (await findService(call, sample)) ?? (await createService(call, sample));
  if (!service.live) await deploy(call, service);
  return { url: service.url };
}

async function findService(call: Call, { service: { name } }: Sample): Promise<Service | undefined> {
  const { items } = await call<{ items: Service[] }>('GET', `/services?search=${name}`);
  return items.find((each) => each.name === name);
}

async function createService(call: Call, { folder, uploadKey, service }: Sample): Promise<Service> {
  const upload = await call<Upload>('POST', '/uploads', await pack(join(examples, folder)));
  const providerConfig = { ...service.providerConfig, [uploadKey]: upload.id };
  return call<Service>('POST', '/services', { ...service, providerConfig });
}

async function pack(folder: string): Promise<Readable> {
  return Readable.from(create({ gzip: true, portable: true, cwd: folder }, await readdir(folder)));
}

async function deploy(call: Call, service: Service): Promise<void> {
  const end = Date.now() + deploymentLimitMs;
  let deployment = await call<Deployment>('POST', `/services/${service.id}/deployments`, {});
  while (!isFinal(deployment.status)) {
    if (Date.now() > end) throw new Error('the deployment did not end in two minutes');
    await delay(100);
    deployment = await call<Deployment>('GET', `/deployments/${deployment.id}`);
  }
  if (deployment.status === 'succeeded') return;
  throw new Error(deployment.error?.message ?? `the deployment was ${deployment.status}`);
}

type Call = <T>(method: string, path: string, body?: object) => Promise<T>;

/** Sends JSON, or a stream as a gzipped archive. */
function caller(apiUrl: string, token: string): Call {
  return async <T>(method: string, path: string, body?: object) => {
    const isArchive = body instanceof Readable;
    const reply = await fetch(new URL(path, apiUrl), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { 'content-type': isArchive ? 'application/gzip' : 'application/json' }),
      },
      ...(body && { body: isArchive ? Readable.toWeb(body) : JSON.stringify(body), duplex: 'half' }),
    } as RequestInit);
    const answer = (await reply.json()) as { detail?: string; title?: string };
    if (!reply.ok) throw new Error(`${method} ${path}: ${answer.detail ?? answer.title ?? reply.status}`);
    return answer as T;
  };
}

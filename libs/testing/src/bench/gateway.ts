import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listContainers } from '@pierhead/docker';
import { nodeAppFiles, removeTestImages, testEngine } from '../docker.js';
import { missingProgram } from '../missing-program.js';
import { packTarGz } from '../pack-archive.js';
import { load, slowest } from './load.js';
import { type Contender, interleave, type Table } from './measure.js';
import { type Server, startBareProxy, startNginx } from './processes.js';
import type { Product } from './product.js';

const requests = 8_000;
const rounds = 15;
const single = 3_000;
const host = 'bench-gateway.localhost';

/** Requests through the gateway to an app in a container, beside a bare proxy and nginx before the same container. */
export async function benchGateway(product: Product, title: string): Promise<Table[]> {
  const app = await deployApp(product);
  const bare = await startBareProxy(app.url);
  const folder = await mkdtemp(join(tmpdir(), 'pierhead-bench-nginx-'));
  const noNginx = missingProgram('nginx');
  const nginx = noNginx ? null : await startNginx(folder, app.url);
  if (noNginx) process.stderr.write(`Without nginx: ${noNginx}.\n`);
  const proxies = [
    { name: 'bare undici proxy', url: bare.url },
    { name: 'pierhead gateway', url: product.gatewayUrl },
    ...(nginx ? [{ name: 'nginx', url: nginx.url }] : []),
  ];
  const contenders = (run: (url: string) => Promise<number>, more: Contender[] = []) => [
    ...more,
    ...proxies.map(({ name, url }) => ({ name, run: () => run(`${url}/hello`) })),
  ];
  try {
    const crowd = await interleave(
      `${requests} requests to an app in a container, 16 at a time${title}`,
      'ms',
      contenders((url) => load(url, { host }, requests)),
      rounds,
    );
    const alone = { name: 'the app itself', run: () => slowest(`${app.url}/hello`, { host }, single, 0.99) };
    const slow = await interleave(
      `The 99th percentile of ${single} requests, one at a time${title}`,
      'ms',
      contenders((url) => slowest(url, { host }, single, 0.99), [alone]),
      rounds,
    );
    return [
      { ...crowd, note: 'aim: pierhead at most × 1.11, which is 0.9 × the requests per second' },
      { ...slow, note: 'aim: pierhead less than 1 ms above the app itself' },
    ];
  } finally {
    for (const server of [bare, nginx] as (Server | null)[]) await server?.stop();
    await rm(folder, { recursive: true, force: true });
    await app.remove();
  }
}

async function deployApp({ api }: Product) {
  const files = Object.entries(nodeAppFiles(`gateway ${process.pid}`)).map(([name, body]) => ({ name, body }));
  const { body: upload } = await api.upload(packTarGz(files), 'application/gzip');
  const source = { providerId: 'upload', builderId: 'dockerfile', providerConfig: { uploadId: upload.id } };
  const { body: service } = await api.post('/services', { name: 'bench-gateway', ...source, builderConfig: {} });
  const deployment = await api.deploy(service.id);
  if (deployment.status !== 'succeeded') throw new Error(JSON.stringify(deployment.error));
  const found = await listContainers(testEngine(), { 'pierhead.service': service.id });
  const app = found.find(({ labels }) => labels['pierhead.deployment'] === deployment.id);
  const home = found.find(({ id }) => app?.networkMode === `container:${id}`) ?? app;
  const [address] = Object.values(home?.addresses ?? {});
  return {
    url: `http://${address}:8080`,
    async remove() {
      await api.delete(`/services/${service.id}`);
      await removeTestImages([deployment.artifact!.digest]);
    },
  };
}

/** So many services with a release each, on the product's books. */
export async function grow(product: Product, count: number): Promise<void> {
  const { api } = product;
  const { body: upload } = await api.upload(packTarGz([{ name: 'index.html', body: 'hello' }]), 'application/gzip');
  const site = {
    providerId: 'static',
    builderId: 'static',
    providerConfig: { uploadId: upload.id },
    builderConfig: {},
  };
  const next = Array.from({ length: count }, (_, number) => `bench-grown-${number}`)[Symbol.iterator]();
  const work = async () => {
    for (const name of next) {
      const { body: service } = await api.post('/services', { ...site, name });
      const { status, error } = await api.deploy(service.id);
      if (status !== 'succeeded') throw new Error(JSON.stringify(error));
    }
  };
  await Promise.all([1, 2, 3, 4].map(work));
}

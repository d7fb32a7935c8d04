import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { pack } from 'tar-fs';
import { nodeAppFiles, removeTestImages } from '../docker.js';
import { packTarGz } from '../pack-archive.js';
import { type Contender, interleave, type Table, timed } from './measure.js';
import type { Product } from './product.js';

const rounds = 11;
const exec = promisify(execFile);
const archive = (files: Record<string, string>) =>
  packTarGz(Object.entries(files).map(([name, body]) => ({ name, body })));

/** From the request to deploy until the new content answers at its URL; the source is edited in each round. */
export async function benchDocker(product: Product): Promise<Table> {
  const parts = [
    await byHand(),
    await byCommandLine(),
    await byPierhead(product, 'bench-app', 'upload', 'dockerfile', nodeAppFiles),
  ];
  const table = await interleave(
    'Request to live, small Node.js app, source edited',
    'ms',
    parts.map((part) => part.contender),
    rounds,
  );
  for (const part of parts) await part.close();
  return { ...table, note: 'aim: pierhead at most × 0.9' };
}

/** From the request until the release serves, where nothing has changed, or the release before comes back. */
export async function benchAgain(product: Product): Promise<Table> {
  const same = messageOf(0);
  const line = await byCommandLine(() => same);
  const own = await byPierhead(product, 'bench-again', 'upload', 'dockerfile', nodeAppFiles);
  const contenders = [
    { name: 'command line (docker build, docker run), nothing changed', run: () => line.contender.run(0) },
    { name: 'pierhead, nothing changed', run: () => own.again('deployments') },
    { name: 'pierhead, rollback', run: () => own.again('rollback') },
  ];
  // Two releases, to go back and forth between.
  for (const round of [0, 1]) await own.contender.run(round);
  const table = await interleave('Request to live, small Node.js app, nothing to build', 'ms', contenders, rounds);
  for (const part of [line, own]) await part.close();
  return { ...table, note: 'aim: nothing changed at most × 0.4' };
}

/** The bundled site, as it is and with one line edited in each round. */
export async function benchStatic(product: Product, site: Record<string, string>): Promise<Table> {
  const edited = (message: string) => ({ ...site, 'index.html': `${site['index.html'] ?? ''}<!-- ${message} -->` });
  const part = await byPierhead(product, 'bench-site', 'static', 'static', edited);
  const table = await interleave('Request to live, static site, one file edited', 'ms', [part.contender], rounds);
  await part.close();
  return table;
}

interface Part {
  contender: Contender;
  close(): Promise<void>;
}

/** Text that no round before had, in this run or an earlier one. */
const messageOf = (round: number) => `round ${round} of ${process.pid} at ${Date.now()}`;

async function byPierhead(
  product: Product,
  name: string,
  providerId: string,
  builderId: string,
  files: (message: string) => Record<string, string>,
): Promise<Part & { again(what: 'deployments' | 'rollback'): Promise<number> }> {
  const { api, gatewayUrl } = product;
  const images: string[] = [];
  let serviceId = '';
  const prepare = async (message: string) => {
    const { body: upload } = await api.upload(archive(files(message)), 'application/gzip');
    const providerConfig = { uploadId: upload.id };
    if (serviceId) return api.patch(`/services/${serviceId}`, { providerConfig });
    const created = await api.post('/services', { name, providerId, builderId, providerConfig, builderConfig: {} });
    serviceId = created.body.id;
    return created;
  };
  const run = async (round: number) => {
    const message = messageOf(round);
    await prepare(message);
    let deploymentId = '';
    const cost = await timed(async () => {
      deploymentId = (await api.post(`/services/${serviceId}/deployments`, {})).body.id;
      await untilAnswers(gatewayUrl, `${name}.localhost`, message);
    });
    const ended = await api.follow(deploymentId);
    if (ended.status !== 'succeeded') throw new Error(JSON.stringify(ended.error));
    if (ended.artifact?.kind === 'image') images.push(ended.artifact.digest);
    return cost;
  };
  const close = async () => {
    await api.delete(`/services/${serviceId}`);
    await removeTestImages(images);
  };
  /** Deploys the same once more, or goes back. */
  const again = async (what: 'deployments' | 'rollback') => {
    let id = '';
    const cost = await timed(async () => {
      id = (await api.post(`/services/${serviceId}/${what}`, {})).body.id;
      while (!(await api.get(`/deployments/${id}`)).body.live) await delay(10);
      await untilAnswers(gatewayUrl, `${name}.localhost`, 'round');
    });
    const ended = await api.follow(id);
    if (ended.status !== 'succeeded') throw new Error(JSON.stringify(ended.error));
    return cost;
  };
  return { contender: { name: 'pierhead', run }, again, close };
}

async function sourceFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'pierhead-bench-source-'));
  const write = async (message: string) => {
    for (const [name, body] of Object.entries(nodeAppFiles(message))) await writeFile(join(folder, name), body);
  };
  return { folder, write, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** What a program does that knows exactly this app: BuildKit build, create, start, first 200, through dockerode. */
async function byHand(): Promise<Part> {
  const docker = new Docker();
  const { folder, write, remove } = await sourceFolder();
  const tag = `pierhead-bench-hand:${process.pid}`;
  const images: string[] = [];
  const run = async (round: number) => {
    const message = messageOf(round);
    await write(message);
    let container: Docker.Container | null = null;
    const cost = await timed(async () => {
      // The types know only the string, with which dockerode would open a session of its own.
      const options: Docker.ImageBuildOptions = Object.assign({ t: tag }, { version: 2 as never });
      const stream = await docker.buildImage(pack(folder).pipe(new PassThrough()), options);
      await new Promise<void>((resolve, reject) =>
        docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve())),
      );
      container = await docker.createContainer({ Image: tag, Env: ['PORT=8080'] });
      await container.start();
      const { Networks } = (await container.inspect()).NetworkSettings;
      await untilAnswers(`http://${Networks.bridge?.IPAddress}:8080`, 'app', message);
    });
    await container!.remove({ force: true });
    images.push((await docker.getImage(tag).inspect()).Id);
    return cost;
  };
  const close = async () => {
    await remove();
    await removeTestImages([tag, ...images]);
  };
  return { contender: { name: 'by hand (dockerode, BuildKit)', run }, close };
}

/** What a person types: `docker build`, then `docker run`. */
async function byCommandLine(messageFor = messageOf): Promise<Part> {
  const { folder, write, remove } = await sourceFolder();
  const tag = `pierhead-bench-cli:${process.pid}`;
  const images: string[] = [];
  const run = async (round: number) => {
    const message = messageFor(round);
    await write(message);
    let container = '';
    const cost = await timed(async () => {
      await exec('docker', ['build', '--quiet', '--tag', tag, folder]);
      container = (await exec('docker', ['run', '--detach', '--env', 'PORT=8080', tag])).stdout.trim();
      const { stdout } = await exec('docker', ['inspect', '--format', '{{.NetworkSettings.IPAddress}}', container]);
      await untilAnswers(`http://${stdout.trim()}:8080`, 'app', message);
    });
    await exec('docker', ['rm', '--force', container]);
    images.push((await exec('docker', ['image', 'inspect', '--format', '{{.Id}}', tag])).stdout.trim());
    return cost;
  };
  const close = async () => {
    await remove();
    await removeTestImages([tag, ...images]);
  };
  return { contender: { name: 'command line (docker build, docker run)', run }, close };
}

const limitMs = 60_000;

/** Asks every ten milliseconds, the same for all, until the answer holds the text. */
async function untilAnswers(baseUrl: string, host: string, text: string): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await ask(baseUrl, host)).includes(text)) {
    if (performance.now() > deadline) throw new Error(`${host} did not answer with the new content`);
    await delay(10);
  }
}

function ask(baseUrl: string, host: string): Promise<string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(baseUrl);
    const asked = request({ host: hostname, port, headers: { host } }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve(response.statusCode === 200 ? body : ''));
    });
    asked.on('error', () => resolve(''));
    asked.end();
  });
}

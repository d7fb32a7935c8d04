import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { callEngine, connectEngine, engineUnavailable, listContainers, removeContainer } from '@pierhead/docker';
import type { Test } from 'tap';
import { importBusybox } from '../docker-base-images.js';
import { missingProgram } from '../missing-program.js';
import { wait } from './patience.js';
import { Program } from './program.js';

/** A Docker engine of the test's own, so that it may be restarted. */
export interface OwnEngine {
  dockerHost: string;
  /** For its networks: two engines on one machine know nothing of each other's. */
  subnets: string;
  /** As its operator would restart it. */
  restart(): Promise<void>;
}

const run = promisify(execFile);

/** Why this machine cannot run an engine of the test's own, or false. */
export const ownEngineMissing = (): string | false => {
  if (process.getuid?.() !== 0) return 'only root can start a Docker engine';
  return missingProgram('dockerd') || missingProgram('ip');
};

/**
 * Its bridge has no iptables rules: those of two engines overwrite each other. Its containers reach, and are reached
 * from, this machine alone.
 * @param settings of its daemon.json
 */
export async function startOwnEngine(t: Test, settings: Record<string, unknown> = {}): Promise<OwnEngine> {
  const dir = await mkdtemp(join(tmpdir(), 'pf-'));
  const bridge = `pf${process.pid}`;
  const subnet = `10.${200 + (process.pid % 50)}.${Math.floor(process.pid / 50) % 250}`;
  await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
  await run('ip', ['addr', 'add', `${subnet}.1/24`, 'dev', bridge]);
  await run('ip', ['link', 'set', bridge, 'up']);
  const folder = join(dir, 'engine');
  await mkdir(folder);
  const dockerHost = `unix://${folder}/docker.sock`;
  const config = join(dir, 'daemon.json');
  await writeFile(config, JSON.stringify(settings));
  const program = new Program({
    name: 'dockerd',
    command: 'dockerd',
    words: [
      ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid')],
      ...['--host', dockerHost, '--bridge', bridge, '--iptables=false', '--ip-masq=false', '--config-file', config],
    ],
    env: process.env,
    log: join(dir, 'dockerd.log'),
  });
  t.teardown(async () => {
    await removeNetworks(dockerHost).catch(() => {});
    await program.stop(30_000);
    await run('ip', ['link', 'del', bridge]);
    await rm(dir, { recursive: true, force: true }).catch(() => {});
  });
  const start = async () => {
    program.start();
    await wait('the engine answers', async () => {
      if (!program.runs) throw new Error(`dockerd ended:\n${await program.logTail()}`);
      return (await engineUnavailable(dockerHost, new AbortController().signal)) === null;
    });
  };
  await start();
  await importBusybox(connectEngine(dockerHost));
  return {
    dockerHost,
    subnets: `198.19.${(process.pid % 16) * 16}.0/20`,
    async restart() {
      await program.stop(30_000);
      await start();
    },
  };
}

/** An engine that ends leaves the bridges of its networks behind. */
async function removeNetworks(dockerHost: string): Promise<void> {
  const engine = connectEngine(dockerHost);
  const signal = AbortSignal.timeout(30_000);
  await Promise.all((await listContainers(engine, {}, signal)).map(({ id }) => removeContainer(engine, id, 0, signal)));
  await callEngine(engine, { method: 'POST', path: '/networks/prune', signal });
}

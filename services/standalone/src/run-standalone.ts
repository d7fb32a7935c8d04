import type { Config } from '@pierhead/config';
import { leftOutPlugins } from './left-out-plugins.js';
import { deploySampleOnce } from './sample.js';
import { startStandalone } from './start-standalone.js';

const say = (text: string) => console.log(text);

/** Runs Pierhead until a signal asks for its end. Resolves when everything has stopped. */
export async function runStandalone(config: Config): Promise<void> {
  const startedAt = performance.now() - process.uptime() * 1000;
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());
  const standalone = await startStandalone(config, { report: say, signal: stopping.signal }).catch((error) => {
    if (!stopping.signal.aborted) throw error;
    return null;
  });
  if (!standalone) return;

  const { urls, folder } = standalone;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  say(`Pierhead is ready after ${seconds} s. Press Ctrl-C to stop it.\n`);
  say(`  API          ${urls.api}`);
  say(`  Documents    ${urls.api}/docs`);
  say(`  Gateway      ${urls.gateway}`);
  say(`  Data folder  ${folder.path}`);
  say(`  Admin token  ${config.adminToken ? 'PIERHEAD_ADMIN_TOKEN' : folder.adminTokenFile}`);
  for (const line of await leftOutPlugins(standalone)) say(`  Plugin       ${line}`);
  void deploySampleOnce(standalone).then((result) => {
    if (!result || stopping.signal.aborted) return;
    say('url' in result ? `  Sample       ${result.url}` : `  Sample       not deployed: ${result.fault}`);
  });

  await aborted(stopping.signal);
  say('\nStopping …');
  await standalone.stop();
}

const aborted = (signal: AbortSignal) =>
  signal.aborted ? null : new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));

import type { Config } from '@pierhead/config';
import { leftOutPlugins } from './left-out-plugins.js';
import { deploySampleOnce } from './sample.js';
import { startStandalone } from './start-standalone.js';

const say = (text: string) => console.log(text);

/** npm passes on the Ctrl-C that the terminal has sent already: what follows so soon is the same one, in milliseconds. */
const sameSignalMs = 500;

/** Runs Pierhead until a signal asks for its end; a second one ends it at once. Resolves when everything has stopped. */
export async function runStandalone(config: Config): Promise<void> {
  const startedAt = performance.now() - process.uptime() * 1000;
  const { stopping, hurrying } = followSignals();
  const standalone = await startStandalone(config, { report: say, signal: stopping }).catch((error) => {
    if (!stopping.aborted) throw error;
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
    if (!result || stopping.aborted) return;
    say('url' in result ? `  Sample       ${result.url}` : `  Sample       not deployed: ${result.fault}`);
  });

  await aborted(stopping);
  say('\nStopping …');
  if (hurrying.aborted) await standalone.end();
  hurrying.addEventListener('abort', () => void standalone.end(), { once: true });
  await standalone.stop();
}

/** What fires at the first signal, and what at the next. */
function followSignals(): { stopping: AbortSignal; hurrying: AbortSignal } {
  const [stopping, hurrying] = [new AbortController(), new AbortController()];
  let firstAt: number | null = null;
  const heard = () => {
    firstAt ??= performance.now();
    stopping.abort();
    if (performance.now() - firstAt > sameSignalMs) hurrying.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, heard);
  return { stopping: stopping.signal, hurrying: hurrying.signal };
}

const aborted = (signal: AbortSignal) =>
  signal.aborted ? null : new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));

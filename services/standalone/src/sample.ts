import { fork } from 'node:child_process';
import { access, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Standalone } from './start-standalone.js';

/** How the deployment of the sample ended. */
export type SampleResult = { url: string } | { fault: string };

const program = fileURLToPath(new URL('./sample-process.js', import.meta.url));

/** Deploys the bundled sample on the first start; null when that has been done before. */
export async function deploySampleOnce({ urls, config, folder }: Standalone): Promise<SampleResult | null> {
  if (config.sample === 'off' || (await exists(folder.sampleMark))) return null;
  const result = await inOwnProcess({ apiUrl: urls.api ?? '', token: config.adminToken });
  if ('url' in result) await writeFile(folder.sampleMark, '');
  return result;
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** An HTTP client and a packer of archives are needed once in a lifetime: their memory is given back. */
function inOwnProcess(order: { apiUrl: string; token: string }): Promise<SampleResult> {
  return new Promise((resolve) => {
    const child = fork(program, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('message', (result: SampleResult) => resolve(result));
    child.on('error', (error) => resolve({ fault: error.message }));
    child.on('exit', () => resolve({ fault: 'its process ended early' }));
    child.send(order, () => {});
  });
}

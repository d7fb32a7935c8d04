import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import t from 'tap';

const module = JSON.stringify(new URL('./run-service.js', import.meta.url).href);

const program = (reload: string) => `
  import { runService } from ${module};
  const timer = setInterval(() => {}, 1_000);
  await runService(async () => ({
    url: '',
    ${reload}
    close: async () => { clearInterval(timer); console.log('closed'); },
  }));
  console.log('ready');`;

for (const [what, reload, expected] of [
  ['reloads a service that can', "reload: async () => console.log('reloaded'),", ['ready', 'reloaded', 'closed']],
  ['ends one that cannot', '', ['ready', 'closed']],
] as const)
  t.test(`SIGHUP ${what}`, async (t) => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program(reload)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.teardown(() => child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    const said: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      said.push(line);
      if (line === 'ready') child.kill('SIGHUP');
      if (line === 'reloaded') child.kill('SIGTERM');
    }
    await exited;
    t.same(said, expected);
  });

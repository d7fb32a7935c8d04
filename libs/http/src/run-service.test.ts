import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import t from 'tap';

const module = JSON.stringify(new URL('./run-service.js', import.meta.url).href);

const program = (reload: string, close = '', graceSeconds = 10) => `
  import { runService } from ${module};
  const timer = setInterval(() => {}, 1_000);
  await runService(() => ({ shutdownGraceSeconds: ${graceSeconds} }), async () => ({
    url: '',
    ${reload}
    close: async () => { ${close} clearInterval(timer); console.log('closed'); },
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

const hanging = "console.log('closing'); await new Promise(() => {});";

for (const [what, grace, isSecond, error] of [
  ['ends when the grace is over', 1, false, /did not end in order within 1 s/],
  ['ends at once on a second signal', 600, true, /^$/],
] as const)
  t.test(`a service that does not close ${what}`, async (t) => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program('', hanging, grace)]);
    t.teardown(() => child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    const complaint = child.stderr.toArray();
    for await (const line of createInterface(child.stdout)) {
      if (line === 'ready' || (line === 'closing' && isSecond)) child.kill('SIGTERM');
    }
    t.same(await exited, [1, null]);
    t.match(Buffer.concat(await complaint).toString(), error);
  });

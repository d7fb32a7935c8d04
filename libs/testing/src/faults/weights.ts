import { mkdtempSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { FaultStack } from './fault-stack.js';
import { wait } from './patience.js';

/** The memory that each role needs, in MiB, without the garbage that it has not collected yet. */
export type Weights = Map<string, number>;

/** How to weigh the processes that are started with `env`. */
export function startWeighing(t: Test): { env: NodeJS.ProcessEnv; weigh(stack: FaultStack): Promise<Weights> } {
  const folder = mkdtempSync(join(tmpdir(), 'pierhead-weights-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return {
    env: {
      NODE_OPTIONS: `--import=${new URL('./weigh-self.js', import.meta.url).href}`,
      PIERHEAD_TEST_WEIGHTS: folder,
    },
    async weigh(stack) {
      const roles = stack.programs.filter((program) => program.runs && program !== stack.redis);
      const found = roles.map(async ({ name, pid }): Promise<[string, number]> => {
        const file = join(folder, String(pid));
        await rm(file, { force: true });
        process.kill(pid, 'SIGWINCH');
        const bytes = await wait(`${name} is weighed`, () => readFile(file, 'utf8').catch(() => null));
        return [name, Number(bytes) / 1_048_576];
      });
      return new Map(await Promise.all(found));
    },
  };
}

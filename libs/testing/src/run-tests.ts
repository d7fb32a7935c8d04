import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runTests } from './runner/run-all.js';

const { values, positionals } = parseArgs({
  options: {
    fast: { type: 'boolean', default: false },
    faults: { type: 'boolean', default: false },
    'no-skips': { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const root = fileURLToPath(new URL('../../../', import.meta.url));
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort());

process.exitCode = await runTests({
  root,
  fast: values.fast,
  faults: values.faults,
  noSkips: values['no-skips'],
  filters: positionals,
  signal: interrupted.signal,
});

import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { isMainThread } from 'node:worker_threads';

// Loaded into a process under test: on SIGWINCH it writes down the bytes that it needs, garbage apart.
if (isMainThread)
  process.on('SIGWINCH', async () => {
    const session = new Session();
    session.connect();
    await session.post('HeapProfiler.collectGarbage');
    session.disconnect();
    const { heapUsed, external } = process.memoryUsage();
    const file = `${process.env.PIERHEAD_TEST_WEIGHTS}/${process.pid}`;
    writeFileSync(`${file}.new`, String(heapUsed + external));
    renameSync(`${file}.new`, file);
  });

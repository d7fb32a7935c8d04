import { readFile } from 'node:fs/promises';
import { build } from 'esbuild';

/**
 * Bundles the PostgreSQL driver with the mend of https://github.com/porsager/postgres/issues/1208 and its kin: when a
 * connection dies with a write in its buffer, the buffer and its timer are forgotten, so that the connection can write
 * again once it is open anew; a write without a socket fails its queries, not the process.
 */
const mends = [
  [
    'function nextWrite(fn) {\n',
    `function nextWrite(fn) {
    if (!socket) {
      nextWriteTimer !== null && clearImmediate(nextWriteTimer)
      chunk = nextWriteTimer = null
      error(Errors.connection('CONNECTION_CLOSED', options))
      return false
    }
`,
  ],
  [
    '    clearImmediate(nextWriteTimer)\n    if (socket) {',
    '    clearImmediate(nextWriteTimer)\n    chunk = nextWriteTimer = null\n    if (socket) {',
  ],
  [
    '    clearImmediate(nextWriteTimer)\n    socket.removeListener(',
    '    clearImmediate(nextWriteTimer)\n    chunk = nextWriteTimer = null\n    socket.removeListener(',
  ],
];

const mending = {
  name: 'mend',
  setup(building) {
    building.onLoad({ filter: /[\\/]postgres[\\/]src[\\/]connection\.js$/ }, async ({ path }) => {
      let contents = await readFile(path, 'utf8');
      for (const [before, after] of mends) {
        if (contents.split(before).length !== 2)
          throw new Error(`${path} is not what it was: look whether the driver has been mended, and remove ours`);
        contents = contents.replace(before, () => after);
      }
      return { contents };
    });
  },
};

await build({
  entryPoints: ['src/driver.ts'],
  outfile: 'dist/driver.js',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  logLevel: 'warning',
  plugins: [mending],
});

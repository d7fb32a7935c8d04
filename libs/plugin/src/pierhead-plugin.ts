#!/usr/bin/env node
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkPlugin } from './check-plugin.js';

const help = `Usage: pierhead-plugin check [folder]

Loads the plugin in the folder (here, unless one is named) as Pierhead would, and tries what every provider, builder
and runtime must do. With a conformance.js beside the package.json, which says how to try each entry, it also tries
what they do: see docs/writing-a-plugin.md.

Exit code: 0 when everything holds, 1 when something does not, 2 when the command is not understood.
`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const { values, positionals } = understood(args) ?? {};
  if (values?.help) return say(help, 0);
  const [command, folder = '.', ...rest] = positionals ?? [];
  if (command !== 'check' || rest.length > 0) return say(help, 2);
  return (await checkPlugin(resolve(folder), (line) => console.log(line))) ? 0 : 1;
}

function understood(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options: { help: { type: 'boolean', short: 'h' } } });
  } catch {
    return null;
  }
}

function say(text: string, code: number): number {
  (code === 0 ? process.stdout : process.stderr).write(text);
  return code;
}

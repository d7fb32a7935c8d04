import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { type Client, createClient } from '@pierhead/client';
import { type Config, readConfig } from '@pierhead/config';
import type { Command } from 'commander';
import { CliError } from './failure.js';
import { tokenHint } from './token-hint.js';

/** What a command works with. */
export interface Session {
  client: Client;
  json: boolean;
  /** Prints an answer of the API, as JSON where that was asked for. */
  show(answer: unknown, text: () => string): void;
}

/** Adds commands to the program; the session is opened when one of them runs. */
export type AddCommands = (program: Command, session: () => Promise<Session>) => void;

export async function openSession({ json = false }: { json?: boolean }): Promise<Session> {
  const config = readConfig();
  const client = createClient({ baseUrl: config.apiUrl, token: config.apiToken ?? (await keptToken(config)) });
  const show: Session['show'] = (answer, text) =>
    void process.stdout.write(`${json ? JSON.stringify(answer, null, 2) : text()}\n`);
  return { client, json, show };
}

/** The token of the Pierhead on this machine: never sent to another one. */
async function keptToken({ apiUrl, dataDir }: Config): Promise<string> {
  const file = join(dataDir, 'admin-token');
  const token = isLoopback(new URL(apiUrl).hostname) ? await readFile(file, 'utf8').catch(() => '') : '';
  if (token.trim() !== '') return token.trim();
  throw new CliError('token_missing', `There is no token for ${apiUrl}.`, tokenHint);
}

const isLoopback = (hostname: string) =>
  hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));

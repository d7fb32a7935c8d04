import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { messageOf, type PluginInfo } from '@pierhead/model';
import type { Standalone } from './start-standalone.js';

const limitMs = 10_000;

/** A line for each configured plugin that was left out, with what is wrong with it. */
export async function leftOutPlugins({ urls, config }: Standalone): Promise<string[]> {
  if (config.plugins.length === 0) return [];
  try {
    const plugins = await listPlugins(urls.api ?? '', config.adminToken);
    return plugins.filter(({ problems }) => problems.length > 0).map(lineOf);
  } catch (error) {
    return [`what became of them is not known: ${messageOf(error)}`];
  }
}

/** Without fetch, whose client would stay in the supervisor's memory. */
async function listPlugins(apiUrl: string, token: string): Promise<PluginInfo[]> {
  const headers = { authorization: `Bearer ${token}` };
  const request = get(`${apiUrl}/plugins`, { headers, signal: AbortSignal.timeout(limitMs) });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const answer = await json(response);
  if (response.statusCode !== 200) throw new Error(`GET /plugins was answered with ${response.statusCode}`);
  return answer as PluginInfo[];
}

function lineOf({ source, problems }: PluginInfo): string {
  const reasons = problems.map(({ path, message }) => (path ? `${path}: ${message}` : message));
  return printable(`${source} was left out: ${reasons.join(' ')}`);
}

/** The messages are the plugin's own, and may hold what steers a terminal. */
const printable = (text: string) => text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ');

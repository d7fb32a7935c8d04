import { isIP } from 'node:net';
import { checkUrl, type Lookup } from '@pierhead/egress';
import type { HostSettings } from '@pierhead/model';
import type { GitSetting } from './git-command.js';
import { credentialsOf, type GitConfig } from './git-config.js';

/** A checked URL with the settings that make Git reach it, and nothing else. */
export interface GitRemote {
  url: string;
  settings: readonly GitSetting[];
}

/** Checks the URL and pins its addresses. Throws the errors of `checkUrl`. */
export async function openRemote(config: GitConfig, host: HostSettings, lookup?: Lookup): Promise<GitRemote> {
  const checked = await checkUrl(config.url, { allow: host.egressAllow, lookup });
  const credentials = credentialsOf(config);
  const settings: GitSetting[] = [];
  if (checked.url.protocol === 'http:') settings.push(['protocol.http.allow', 'always']);
  if (!isIP(checked.host)) settings.push(['http.curloptResolve', pin(checked.host, checked.port, checked.addresses)]);
  if (credentials) settings.push(['http.extraHeader', `Authorization: Basic ${base64(credentials)}`]);
  return { url: checked.url.href, settings };
}

const pin = (host: string, port: number, addresses: readonly string[]) =>
  `${host}:${port}:${addresses.map((each) => (isIP(each) === 6 ? `[${each}]` : each)).join(',')}`;

const base64 = (text: string) => Buffer.from(text).toString('base64');

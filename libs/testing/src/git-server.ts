import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bridgeToGit, type GitServerOptions } from './git-server-bridge.js';
import { type CommitOptions, commitFiles, type GitFiles } from './git-server-commit.js';

export type { CommitOptions, GitFiles, GitServerOptions };

export interface GitServer {
  /** The address of a repository: `http://127.0.0.1:…/<repo>.git`. */
  url(repo: string): string;
  /** Makes a commit that holds exactly `files`, creating the repository and the branch; answers its id. */
  commit(repo: string, files: GitFiles, options?: CommitOptions): Promise<string>;
  close(): Promise<void>;
}

/** Why there can be no Git server on this machine, or false: what `skip` wants. */
export function gitMissing(): string | false {
  try {
    const folder = execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim();
    return existsSync(join(folder, 'git-http-backend')) ? false : 'git http-backend is not installed';
  } catch {
    return 'git is not installed';
  }
}

/** A real Git server over HTTP on loopback. */
export async function startGitServer(options: GitServerOptions = {}): Promise<GitServer> {
  const root = await mkdtemp(join(tmpdir(), 'git-server-'));
  const server = createServer((request, reply) => bridgeToGit(root, options, request, reply));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: (repo) => `http://127.0.0.1:${port}/${repo}.git`,
    commit: (repo, files, how) => commitFiles(join(root, `${repo}.git`), files, how),
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      await rm(root, { recursive: true, force: true });
    },
  };
}

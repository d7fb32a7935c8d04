import type { Needs } from '@pierhead/config';

/** What every role may rely on. */
export type RoleConfig = Needs<'databaseUrl' | 'catalogUrl' | 'catalogToken' | 'secretKey' | 'adminToken'>;

/** Where each role answers, by its name. */
export type RoleUrls = Record<string, string>;

/** What the supervisor says to a process. */
export type Order =
  | { kind: 'migrate'; databaseUrl: string }
  | { kind: 'start'; config: RoleConfig; lockFile: string; postgresDir: string | null }
  | { kind: 'stop'; role: string };

/** What a process says to the supervisor. */
export type Notice =
  | { kind: 'migrated' }
  | { kind: 'ready'; urls: RoleUrls }
  | { kind: 'stopped'; role: string }
  | { kind: 'failed'; code: string; message: string; hint?: string };

import type { Database } from './connect.js';

export type Channel =
  | 'deployments'
  | 'cancellations'
  | 'logs'
  | 'output'
  | 'routes'
  | 'gateways'
  | 'services'
  | 'commands'
  | 'schedules'
  | 'disabled_entries'
  | 'plugins'
  | 'workers';

/**
 * Follows a channel; the connection is one for all channels and mends itself.
 * @param onMissed called whenever notifications may have been missed: at each (re)connection
 * @returns how to stop
 */
export async function listen(
  database: Database,
  channel: Channel,
  onNotify: (payload: string) => void,
  onMissed: () => void,
): Promise<() => Promise<void>> {
  const { unlisten } = await database.sql.listen(channel, onNotify, onMissed);
  return unlisten;
}

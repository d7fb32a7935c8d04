import { type Database, listen } from '@pierhead/database';

/** Tells of news about a deployment: its status, its stages or its log; about a command; or about the output of a service. */
export interface Feed {
  /** Calls back at each piece of news; answers how to stop. */
  follow(id: string, onNews: () => void): () => void;
  close(): Promise<void>;
}

export async function createFeed(database: Database): Promise<Feed> {
  const followers = new Map<string, Set<() => void>>();
  const tell = (id: string) => {
    for (const onNews of followers.get(id) ?? []) onNews();
  };
  const tellAll = () => {
    for (const id of followers.keys()) tell(id);
  };
  const stops = await Promise.all([
    listen(database, 'deployments', tell, tellAll),
    listen(database, 'logs', tell, tellAll),
    listen(database, 'output', tell, tellAll),
    listen(database, 'commands', tell, tellAll),
  ]);
  return {
    follow(id, onNews) {
      const set = followers.get(id) ?? new Set();
      followers.set(id, set.add(onNews));
      return () => {
        set.delete(onNews);
        if (set.size === 0) followers.delete(id);
      };
    },
    close: async () => void (await Promise.all(stops.map((stop) => stop()))),
  };
}

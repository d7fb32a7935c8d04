import { type Database, listen } from '@pierhead/database';

/** Tells of news about a deployment: its status, its stages or its log. */
export interface Feed {
  /** Calls back at each piece of news; answers how to stop. */
  follow(deploymentId: string, onNews: () => void): () => void;
  close(): Promise<void>;
}

export async function createFeed(database: Database): Promise<Feed> {
  const followers = new Map<string, Set<() => void>>();
  const tell = (deploymentId: string) => {
    for (const onNews of followers.get(deploymentId) ?? []) onNews();
  };
  const tellAll = () => {
    for (const id of followers.keys()) tell(id);
  };
  const stops = await Promise.all([
    listen(database, 'deployments', tell, tellAll),
    listen(database, 'logs', tell, tellAll),
  ]);
  return {
    follow(deploymentId, onNews) {
      const set = followers.get(deploymentId) ?? new Set();
      followers.set(deploymentId, set.add(onNews));
      return () => {
        set.delete(onNews);
        if (set.size === 0) followers.delete(deploymentId);
      };
    },
    close: async () => void (await Promise.all(stops.map((stop) => stop()))),
  };
}

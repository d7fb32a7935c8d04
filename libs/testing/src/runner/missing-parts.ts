import { request } from 'node:http';
import { gitMissing } from '../git-server.js';
import { redisMissing } from '../redis.js';

const dockerLimitMs = 2_000;

/** One line for each part that tests would use and that this machine lacks. */
export async function missingParts(env: NodeJS.ProcessEnv): Promise<string[]> {
  const dockerHost = env.DOCKER_HOST || 'unix:///var/run/docker.sock';
  const lines = [
    !(await answers(dockerHost)) && `docker engine: no answer at ${dockerHost}`,
    gitMissing() && `git: ${gitMissing()}`,
    redisMissing() && `redis-server: ${redisMissing()}`,
  ];
  return lines.filter((line) => line !== false).map((line) => `${line} — tests that need it are skipped`);
}

/** Whether an engine answers its ping. */
function answers(dockerHost: string): Promise<boolean> {
  const socketPath = dockerHost.startsWith('unix://') ? dockerHost.slice('unix://'.length) : undefined;
  const url = socketPath ? 'http://engine/_ping' : `${dockerHost.replace(/^tcp:/, 'http:')}/_ping`;
  return new Promise((resolve) => {
    const ping = request(url, { socketPath, timeout: dockerLimitMs }, (reply) => {
      reply.resume();
      resolve(reply.statusCode === 200);
    });
    ping.on('error', () => resolve(false)).on('timeout', () => ping.destroy());
    ping.end();
  });
}

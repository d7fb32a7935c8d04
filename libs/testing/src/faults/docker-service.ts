import { site } from '../e2e/scenarios.js';
import type { FaultStack } from './fault-stack.js';
import { requestDeployment } from './gated-service.js';
import { startVisitors, type Visitors } from './visitors.js';

/** A service that runs as a container and answers with its variable VERSION. */
export interface DockerService {
  id: string;
  name: string;
  hostname: string;
  visitors: Visitors;
  deploy(version: string, slow?: Slow): Promise<string>;
}

/** Seconds that a deployment takes in two stages. */
export interface Slow {
  build?: number;
  verify?: number;
}

let counter = 0;
let builds = 0;

const files = {
  Dockerfile: [
    'FROM busybox',
    'ARG NONCE=0 SECONDS=0',
    'RUN echo $NONCE && sleep $SECONDS',
    'COPY serve.sh /serve.sh',
    'CMD ["sh", "/serve.sh"]',
    '',
  ].join('\n'),
  'serve.sh': `mkdir -p /www
echo "$VERSION" > /www/index.html
(sleep "$SLOW"; echo well > /www/well) &
trap 'exit 0' TERM
httpd -f -p "$PORT" -h /www &
wait
`,
};

/** Creates a service and makes its first release live. */
export async function createDockerService(stack: FaultStack): Promise<DockerService> {
  const name = `docker-${process.pid}-${++counter}`;
  const first = `${name} first`;
  const upload = await stack.api.upload(site(files), 'application/gzip');
  if (upload.status !== 201) throw new Error(JSON.stringify(upload.body));
  const created = await stack.api.post('/services', {
    name,
    providerId: 'upload',
    builderId: 'dockerfile',
    providerConfig: { uploadId: upload.body.id },
    builderConfig: {},
    runtimeConfig: { port: 8000, healthCheck: { path: '/well' } },
    variables: { VERSION: first, SLOW: '0' },
  });
  if (created.status !== 201) throw new Error(JSON.stringify(created.body));
  const { id } = created.body as { id: string };
  const ended = await stack.api.deploy(id);
  if (ended.status !== 'succeeded') throw new Error(`the first release did not come: ${JSON.stringify(ended)}`);
  const hostname = `${name}.localhost`;
  const visitors = startVisitors(stack.gatewayUrl, hostname, [`${first}\n`]);
  return {
    id,
    name,
    hostname,
    visitors,
    async deploy(version, { build = 0, verify = 0 } = {}) {
      visitors.expect(`${version}\n`);
      const buildArgs = build ? { NONCE: `${process.pid}-${++builds}`, SECONDS: String(build) } : {};
      const patched = await stack.api.patch(`/services/${id}`, {
        builderConfig: { buildArgs: null },
        variables: { VERSION: version, SLOW: String(verify) },
      });
      const withArgs = build ? await stack.api.patch(`/services/${id}`, { builderConfig: { buildArgs } }) : patched;
      if (patched.status !== 200 || withArgs.status !== 200)
        throw new Error(`not changed: ${JSON.stringify([patched.body, withArgs.body])}`);
      return requestDeployment(stack, id);
    },
  };
}

/** Removes the services with all their containers and images. */
export async function removeServices(stack: FaultStack): Promise<void> {
  const services = await stack.sql<{ id: string }[]>`select id from services where deleted_at is null`;
  for (const { id } of services) await stack.api.delete(`/services/${id}`);
}

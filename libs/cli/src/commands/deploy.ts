import { type Client, type Deployment, dataOf, followLogs } from '@pierhead/client';
import { DeploymentFailure } from '../failure.js';
import { findService } from '../find-service.js';
import { logText } from '../log-text.js';
import type { AddCommands, Session } from '../session.js';

interface DeployOptions {
  ref?: string;
  revision?: string;
  environment?: string;
  force?: boolean;
  wait: boolean;
}

interface RollbackOptions {
  to?: string;
  environment?: string;
  wait: boolean;
}

const noWait = ['--no-wait', 'print the id of the deployment and do not follow it'] as const;

export const addDeploy: AddCommands = (program, session) => {
  program
    .command('deploy')
    .argument('<service>', 'its name or id')
    .description('deploy a service; its log goes to the standard error, its URL to the standard output')
    .option('--ref <ref>', 'a branch or tag')
    .option('--revision <revision>', 'a commit or digest')
    .option('--environment <name>', 'production unless given')
    .option('--force', 'build even what was built before')
    .option(...noWait)
    .action(async (nameOrId: string, { wait, ...body }: DeployOptions) => {
      const open = await session();
      const service = await findService(open.client, nameOrId);
      const params = { path: { id: service.id } };
      await see(open, wait, await dataOf(open.client.POST('/services/{id}/deployments', { params, body })));
    });

  program
    .command('rollback')
    .argument('<service>', 'its name or id')
    .description('bring an earlier release back, without fetching or building')
    .option(
      '--to <deployment>',
      'the id of the deployment whose release it is; the one before the live one unless given',
    )
    .option('--environment <name>', 'production unless given')
    .option(...noWait)
    .action(async (nameOrId: string, { wait, to: deploymentId, ...more }: RollbackOptions) => {
      const open = await session();
      const service = await findService(open.client, nameOrId);
      const body = { ...more, ...(deploymentId ? { deploymentId } : {}) };
      const params = { path: { id: service.id } };
      await see(open, wait, await dataOf(open.client.POST('/services/{id}/rollback', { params, body })));
    });

  program
    .command('retry')
    .argument('<deployment>', 'its id')
    .description('deploy the same revision once more')
    .option(...noWait)
    .action(async (id: string, { wait }: { wait: boolean }) => {
      const open = await session();
      await see(open, wait, await dataOf(open.client.POST('/deployments/{id}/retry', { params: { path: { id } } })));
    });
};

/** Follows a deployment that was accepted, unless nobody waits. */
async function see(open: Session, wait: boolean, accepted: Deployment): Promise<void> {
  if (!wait) return open.show(accepted, () => accepted.id);
  return finish(open, await follow(open, accepted));
}

async function follow({ client, json }: Session, { id }: Deployment): Promise<Deployment> {
  for await (const line of followLogs(client, id)) if (!json) process.stderr.write(`${logText(line)}\n`);
  return readDeployment(client, id);
}

const readDeployment = (client: Client, id: string) =>
  dataOf(client.GET('/deployments/{id}', { params: { path: { id } } }));

function finish({ show, json }: Session, deployment: Deployment): void {
  const succeeded = deployment.status === 'succeeded';
  if (!succeeded && !json) throw new DeploymentFailure(deployment);
  show(deployment, () => deployment.url);
  if (!succeeded) process.exitCode = 1;
}

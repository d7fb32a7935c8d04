import type { Lease } from '@pierhead/database';

const pattern = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.\d+$/;

/** One for each time that a deployment is taken up: the same worker may do so again while its former run still ends. */
export const workspaceName = ({ deploymentId, epoch }: Lease): string => `${deploymentId}.${epoch}`;

/** The deployment that a folder of this name belongs to; null when it is no workspace of a deployment. */
export const deploymentOf = (name: string): string | null => pattern.exec(name)?.[1] ?? null;

import { listContainers } from '@pierhead/docker';
import { testEngine } from '../docker.js';
import { packTarGz } from '../pack-archive.js';
import type { Stack } from '../stack.js';
import { until } from '../until.js';

let counter = 0;

/** A service name that no other test of this run has. */
export const freshName = (base: string) => `${base}-${process.pid}-${++counter}`;

export const site = (files: Record<string, string>) =>
  packTarGz(Object.entries(files).map(([name, body]) => ({ name, body })));

/** Uploads files and creates a service that serves them. */
export async function createSite(
  stack: Pick<Stack, 'api'>,
  name: string,
  files: Record<string, string>,
  builderConfig: Record<string, unknown> = {},
) {
  const upload = await stack.api.upload(site(files), 'application/gzip');
  if (upload.status !== 201) throw new Error(JSON.stringify(upload.body));
  const created = await stack.api.post('/services', {
    name,
    providerId: 'static',
    builderId: 'static',
    providerConfig: { uploadId: upload.body.id },
    builderConfig,
  });
  if (created.status !== 201) throw new Error(JSON.stringify(created.body));
  return created.body as { id: string; url: string };
}

/** Uploads a source with a Dockerfile, and creates a service that runs it. */
export async function createApp(
  stack: Pick<Stack, 'api'>,
  name: string,
  files: Record<string, string>,
  more: Record<string, unknown> = {},
) {
  const upload = await stack.api.upload(site(files), 'application/gzip');
  if (upload.status !== 201) throw new Error(JSON.stringify(upload.body));
  const created = await stack.api.post('/services', {
    name,
    providerId: 'upload',
    builderId: 'dockerfile',
    providerConfig: { uploadId: upload.body.id },
    builderConfig: {},
    ...more,
  });
  if (created.status !== 201) throw new Error(JSON.stringify(created.body));
  return created.body as { id: string; url: string };
}

/** Deletes a service, and waits until none of its containers is left. */
export async function removeService({ api }: Pick<Stack, 'api'>, id: string): Promise<void> {
  await api.delete(`/services/${id}`);
  const labels = { 'pierhead.service': id };
  await until('its containers are gone', async () => (await listContainers(testEngine(), labels)).length === 0);
}

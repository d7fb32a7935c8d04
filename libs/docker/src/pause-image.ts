import { Readable } from 'node:stream';
import { WorldError } from '@pierhead/model';
import { pack } from 'tar-stream';
import { callEngine, openStream } from './call-engine.js';
import type { Engine } from './connect-engine.js';
import { followJson } from './follow-json.js';
import { managedLabel } from './labels.js';
import { pauseProgram } from './pause-program.js';

/** The image of pause containers: a program that waits, and nothing else. */
export const pauseImage = 'pierhead/pause:1';
export const pauseCommand = ['/pause'];

/** Makes the image of pause containers in the engine; no image registry is asked. */
export async function makePauseImage(engine: Engine, signal?: AbortSignal): Promise<void> {
  const { Arch } = await callEngine<{ Arch: string }>(engine, { method: 'GET', path: '/version', signal });
  const program = pauseProgram(Arch);
  if (!program)
    throw new WorldError('docker_architecture', `Docker runs on ${Arch}, where Pierhead cannot run containers`, {
      hint: 'Use an engine on amd64 or arm64.',
    });
  const [repo, tag] = pauseImage.split(':');
  const query = { fromSrc: '-', repo, tag, changes: `LABEL ${managedLabel}=true` };
  const tar = pack();
  tar.entry({ name: 'pause', mode: 0o755 }, program);
  tar.finalize();
  const file = Readable.from(tar, { objectMode: false });
  const answer = await openStream(engine, { method: 'POST', path: '/images/create', query, file, signal });
  for await (const { errorDetail, error } of followJson(answer)) {
    const failure = errorDetail?.message ?? error;
    if (failure) throw new WorldError('docker_failed', `Docker could not make ${pauseImage}: ${failure}`);
  }
}

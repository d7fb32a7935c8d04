import { randomUUID } from 'node:crypto';
import { inspectImage } from '@pierhead/docker';
import {
  builderContract,
  dockerMissing,
  ensureBaseImages,
  recordingContext,
  removeTestImages,
  startImageRegistry,
  testEngine,
} from '@pierhead/testing';
import t from 'tap';
import { createImageBuilder } from './image-builder.js';
import { manifest } from './index.js';

const skip = await dockerMissing();
if (!skip) await ensureBaseImages();
const base = skip ? null : await inspectImage(testEngine(), 'busybox');

builderContract(manifest, {
  skip,
  prepare: async () => ({
    source: { kind: 'image', reference: base?.id ?? '' },
    broken: { source: { kind: 'image', reference: `sha256:${'0'.repeat(64)}` } },
  }),
});

t.test('an image that is in the engine is taken as it is', { skip }, async (t) => {
  const context = await recordingContext(t);
  const artifact = await createImageBuilder().build({ kind: 'image', reference: base?.id ?? '' }, {}, context);
  t.same(artifact, { kind: 'image', digest: base?.id, bytes: base?.bytes });
  t.same(context.lines, [], 'nothing is pulled');
});

t.test('a pinned image that is not there is pulled', { skip }, async (t) => {
  const registry = await startImageRegistry();
  t.teardown(() => registry.close());
  const digest = await registry.publish('app', '1', randomUUID());
  const reference = `${registry.host}/app@${digest}`;
  const context = await recordingContext(t);
  const artifact = await createImageBuilder().build({ kind: 'image', reference }, {}, context);
  t.teardown(() => removeTestImages([artifact.digest]));
  t.match(await inspectImage(testEngine(), reference), { id: artifact.digest });
  t.match(context.lines.join('\n'), /Pull complete/);
});

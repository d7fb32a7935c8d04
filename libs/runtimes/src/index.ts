import type { RuntimeManifest } from '@pierhead/model';
import { manifest as docker } from './docker/index.js';
import { manifest as files } from './files/index.js';

/** Every built-in runtime. One folder each; a test holds this list against the folders. */
export const runtimes: readonly RuntimeManifest[] = [docker, files];

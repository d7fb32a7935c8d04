import type { BuilderManifest } from '@pierhead/model';
import { manifest as dockerfile } from './dockerfile/index.js';
import { manifest as image } from './image/index.js';
import { manifest as staticSite } from './static/index.js';

/** Every built-in builder. One folder each; a test holds this list against the folders. */
export const builders: readonly BuilderManifest[] = [dockerfile, staticSite, image];

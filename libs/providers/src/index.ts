import type { ProviderManifest } from '@pierhead/model';
import { manifest as git } from './git/index.js';
import { manifest as image } from './image/index.js';
import { manifest as staticSite } from './static/index.js';
import { manifest as upload } from './upload/index.js';

/** Every built-in provider. One folder each; a test holds this list against the folders. */
export const providers: readonly ProviderManifest[] = [git, upload, staticSite, image];

export { baseImageIds } from './base-images.js';
export { type BuildCaps, capsMissing, holdCaps } from './build-caps.js';
export { type BuildOptions, type BuiltImage, buildImage } from './build-image.js';
export type { OnOutput } from './build-output.js';
export { callEngine, type EngineCall, openStream } from './call-engine.js';
export { connectEngine, type Engine } from './connect-engine.js';
export { containerLogs, type LogOptions } from './container-logs.js';
export { type ContainerStats, containerStats } from './container-stats.js';
export {
  type ContainerSettings,
  type ContainerState,
  createContainer,
  inspectContainer,
  type ListedContainer,
  listContainers,
  removeContainer,
  startContainer,
  stopContainer,
} from './containers.js';
export { engineMessage, statusOf } from './engine-error.js';
export { containerStarts, networkJoins } from './engine-events.js';
export { engineFolders } from './engine-folders.js';
export { engineUnavailable } from './engine-unavailable.js';
export { type EngineEvent, followJson } from './follow-json.js';
export { cannotExecute, foreignPlatform } from './foreign-platform.js';
export { type ImageFacts, inspectImage, listImages, removeImage } from './images.js';
export {
  commandLabels,
  commandOf,
  deploymentLabel,
  identityLabels,
  managedLabel,
  ownLabels,
  serviceLabels,
} from './labels.js';
export { type ListeningSocket, listeningSockets } from './listening.js';
export {
  createNetwork,
  inspectNetwork,
  joinNetwork,
  leaveNetwork,
  listNetworks,
  type NetworkState,
  removeNetwork,
} from './networks.js';
export { makePauseImage, pauseCommand, pauseImage } from './pause-image.js';
export { type PulledImage, type PullOptions, pinImage, pullImage } from './pull-image.js';
export {
  imageReferencePattern,
  isImageId,
  maxReferenceLength,
  parseReference,
  type Reference,
  sameRepository,
} from './reference.js';
export { type Execution, runInside } from './run-inside.js';
export { removeVolumes } from './volumes.js';

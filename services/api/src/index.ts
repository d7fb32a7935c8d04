export { openApiDocument } from './open-api-document.js';
export { type RunningApi, startApi } from './start-api.js';

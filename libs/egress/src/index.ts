export { type CheckedUrl, checkUrl, type EgressRules, type Lookup } from './check-url.js';

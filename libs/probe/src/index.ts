export { lookAt } from './look-at.js';

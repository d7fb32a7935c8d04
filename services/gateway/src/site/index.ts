export { createSiteHandler, type SiteHandler } from './site-handler.js';

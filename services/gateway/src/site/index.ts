export { createSiteHandler, type Site, type SiteHandler } from './site-handler.js';

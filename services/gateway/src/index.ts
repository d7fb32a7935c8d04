export type { GatewayConfig, GatewayLimits } from './gateway-config.js';
export type { RouteSource, Routes } from './route-source.js';
export { type Gateway, startGateway } from './start-gateway.js';

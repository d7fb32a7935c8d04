export type { GatewayLimits, GatewayOptions } from './gateway-options.js';
export { type Gateway, openGateway } from './open-gateway.js';
export type { RouteReading, RouteSource } from './route-source.js';
export { startGateway } from './start-gateway.js';

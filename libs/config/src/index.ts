export { type Config, ConfigError, type Needs, readConfig, type Variable, variables } from './config.js';

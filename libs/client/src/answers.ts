import type { components } from './schema.js';

type Schemas = components['schemas'];

export type AppLogLine = Schemas['AppLogLine'];
export type Command = Schemas['Command'];
export type CommandLine = Schemas['CommandLine'];
export type ConfigField = Schemas['ConfigField'];
export type ConfigSchema = Schemas['ConfigSchema'];
export type Deployment = Schemas['Deployment'];
export type KeyRotation = Schemas['KeyRotation'];
export type LogLine = Schemas['LogLine'];
export type PluginInfo = Schemas['PluginInfo'];
export type ProvenanceEnvelope = Schemas['ProvenanceEnvelope'];
export type ProvenanceKey = Schemas['ProvenanceKey'];
export type ReleaseMetrics = Schemas['ReleaseMetrics'];
export type Service = Schemas['Service'];
export type ServiceInput = Schemas['ServiceInput'];
export type ServiceMetrics = Schemas['ServiceMetrics'];
export type ServicePlan = Schemas['ServicePlan'];
export type StorageReport = Schemas['StorageReport'];
export type Token = Schemas['Token'];
export type Upload = Schemas['Upload'];
export type ValidationResult = Schemas['ValidationResult'];
export type WorkerInfo = Schemas['WorkerInfo'];

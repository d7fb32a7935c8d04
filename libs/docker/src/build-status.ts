import { createRequire } from 'node:module';
import protobuf from 'protobufjs';

export interface Timestamp {
  seconds?: number;
  nanos?: number;
}

/** A step of a build. BuildKit sends it again at each change. */
export interface Vertex {
  digest: string;
  name?: string;
  cached?: boolean;
  started?: Timestamp;
  completed?: Timestamp;
  error?: string;
}

/** A piece of a step's output, cut anywhere. `stream` is a file descriptor. */
export interface VertexLog {
  vertex: string;
  stream?: number;
  msg?: Uint8Array;
}

export interface BuildStatus {
  vertexes?: Vertex[];
  logs?: VertexLog[];
}

const proto = createRequire(import.meta.url).resolve('dockerode/lib/proto/buildkit_status.proto');
let statusType: protobuf.Type | undefined;

/** `moby.buildkit.v1.StatusResponse`, from the definition that ships with dockerode. */
export function statusResponse(): protobuf.Type {
  statusType ??= protobuf.loadSync(proto).lookupType('moby.buildkit.v1.StatusResponse');
  return statusType;
}

/** Decodes the `aux` of a `moby.buildkit.trace` event. */
export function decodeStatus(aux: string): BuildStatus {
  const type = statusResponse();
  return type.toObject(type.decode(Buffer.from(aux, 'base64')), { longs: Number }) as BuildStatus;
}

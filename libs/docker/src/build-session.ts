import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { type handleUnaryCall, Server, ServerCredentials, status } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import type { Engine } from './connect-engine.js';
import { ask } from './engine-error.js';

/** What a build may ask of us while it runs, over a connection that the engine was given. */
export interface BuildSession {
  /** What the build names it by. */
  id: string;
  close(): void;
}

const { Field, MapField, Root, Type } = protobuf;
const proto = new Root().define('moby.buildkit.secrets.v1');
const secretRequest = new Type('GetSecretRequest')
  .add(new Field('ID', 1, 'string'))
  .add(new MapField('annotations', 2, 'string', 'string'));
const secretResponse = new Type('GetSecretResponse').add(new Field('data', 1, 'bytes'));
const healthRequest = new Type('HealthCheckRequest').add(new Field('service', 1, 'string'));
const healthResponse = new Type('HealthCheckResponse').add(new Field('status', 1, 'int32'));
for (const type of [secretRequest, secretResponse, healthRequest, healthResponse]) proto.add(type);

const getSecret = method('/moby.buildkit.secrets.v1.Secrets/GetSecret', secretRequest, secretResponse);
/** The engine ends a session that does not answer this within its first seconds. */
const checkHealth = method('/grpc.health.v1.Health/Check', healthRequest, healthResponse);
const serving = 1;

/** Opens a session that gives the build its secrets, by name, and nothing else. */
export async function openSession(
  engine: Engine,
  secrets: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<BuildSession> {
  const id = randomUUID();
  const socket = await hijack(engine, id, signal);
  const server = new Server();
  const give: handleUnaryCall<{ ID: string }, { data: Buffer }> = ({ request: { ID: name } }, callback) => {
    if (Object.hasOwn(secrets, name)) return callback(null, { data: Buffer.from(secrets[name]!) });
    callback({ code: status.NOT_FOUND, details: `there is no secret ${name}` });
  };
  const tellHealth: handleUnaryCall<object, object> = (_call, callback) => callback(null, { status: serving });
  server.addService({ getSecret, checkHealth }, { getSecret: give, checkHealth: tellHealth });
  socket.on('error', () => {});
  server.createConnectionInjector(ServerCredentials.createInsecure()).injectConnection(socket);
  return {
    id,
    close() {
      server.forceShutdown();
      socket.destroy();
    },
  };
}

function hijack(engine: Engine, id: string, signal: AbortSignal): Promise<Duplex> {
  const headers = {
    Upgrade: 'h2c',
    'X-Docker-Expose-Session-Uuid': id,
    'X-Docker-Expose-Session-Name': 'pierhead',
    'X-Docker-Expose-Session-Grpc-Method': [getSecret.path],
  };
  const request = { path: '/session', method: 'POST', hijack: true, headers, statusCodes: { 200: true, 101: true } };
  const dialed = new Promise<Duplex>((resolve, reject) => {
    engine.modem.dial({ ...request, abortSignal: signal } as never, (error, socket) =>
      error ? reject(error) : resolve(socket as Duplex),
    );
  });
  return ask(dialed);
}

function method(path: string, request: protobuf.Type, response: protobuf.Type) {
  const writes = (type: protobuf.Type) => (value: object) => Buffer.from(type.encode(type.fromObject(value)).finish());
  const reads = (type: protobuf.Type) => (bytes: Buffer) => type.toObject(type.decode(bytes), { defaults: true });
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: writes(request),
    requestDeserialize: reads(request),
    responseSerialize: writes(response),
    responseDeserialize: reads(response),
  };
}

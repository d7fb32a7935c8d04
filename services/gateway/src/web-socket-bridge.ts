import type { WebSocket } from 'ws';

/** Above this much unsent data on one side, the other side is no longer read. */
const highWaterBytes = 1024 * 1024;

/** Joins two open WebSockets: messages, pings, backpressure and the way in which they close. */
export function bridge(client: WebSocket, upstream: WebSocket) {
  forward(client, upstream, 1001);
  forward(upstream, client, badGateway);
}

/** What a client learns when the upstream vanished without a word: the registered code for a gateway's 502. */
const badGateway = 1014;

function forward(from: WebSocket, to: WebSocket, codeOfDeath: number) {
  from.on('message', (data, binary) => {
    to.send(data, { binary }, () => to.bufferedAmount < highWaterBytes && from.resume());
    if (to.bufferedAmount >= highWaterBytes) from.pause();
  });
  from.on('ping', (data) => to.readyState === to.OPEN && to.ping(data));
  from.on('pong', (data) => to.readyState === to.OPEN && to.pong(data));
  // The close event that follows says all that the other side may know.
  from.on('error', () => {});
  from.on('close', (code, reason) => close(to, code === died ? codeOfDeath : code, reason));
}

/** ws reports these two itself; they never travel. */
const noCode = 1005;
const died = 1006;

/** Closes with a code, and reads on, since the peer's own close may stand behind unread messages. */
export function close(socket: WebSocket, code: number, reason?: string | Buffer) {
  socket.resume();
  if (code === noCode) socket.close();
  else socket.close(code, reason);
}

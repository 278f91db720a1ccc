import { EventEmitter, once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

interface Proxy extends AsyncDisposable {
  readonly port: number;
  /** Emits each chunk that clients send. */
  readonly received: EventEmitter<{ line: [text: string] }>;
}

/**
 * A proxy for a local server. Passes each chunk of its responses to `respond`, which writes it to the client. If the
 * port changes, new connections use the new one.
 */
export const createProxy = async (
  serverPort: number | (() => number),
  respond: (chunk: Buffer, client: Socket) => void,
): Promise<Proxy> => {
  const received = new EventEmitter<{ line: [string] }>();
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket.on("error", () => {})); // the other side was killed
    socket.on("close", () => sockets.delete(socket));
  };
  const proxy = createServer((client) => {
    const server = connect(typeof serverPort === "number" ? serverPort : serverPort(), "127.0.0.1");
    [client, server].forEach(keep);
    client.on("data", (chunk) => {
      server.write(chunk);
      received.emit("line", chunk.toString("latin1"));
    });
    server.on("data", (chunk) => respond(chunk, client));
    client.on("close", () => server.destroy());
    server.on("close", () => client.destroy());
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return {
    port: (proxy.address() as AddressInfo).port,
    received,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, "close");
    },
  };
};

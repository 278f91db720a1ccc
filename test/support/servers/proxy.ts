import { EventEmitter, once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

interface Proxy extends AsyncDisposable {
  readonly port: number;
  /** Emits what clients send. */
  readonly heard: EventEmitter<{ line: [text: string] }>;
}

/**
 * Stands before a local server and hands each piece of its responses to `answer`, which passes it to the client. The
 * port may change; it applies to new connections.
 */
export const createProxy = async (
  serverPort: number | (() => number),
  answer: (chunk: Buffer, client: Socket) => void,
): Promise<Proxy> => {
  const heard = new EventEmitter<{ line: [string] }>();
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
      heard.emit("line", chunk.toString("latin1"));
    });
    server.on("data", (chunk) => answer(chunk, client));
    client.on("close", () => server.destroy());
    server.on("close", () => client.destroy());
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return {
    port: (proxy.address() as AddressInfo).port,
    heard,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, "close");
    },
  };
};

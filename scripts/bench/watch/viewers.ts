import { once } from "node:events";
import { connect } from "node:net";
import { OWN_PAGE } from "./system.ts";

/** A browser that has the live page open, without its drawing. */
export interface Viewer extends Disposable {
  /** Bytes received so far, with the HTTP framing. */
  readonly bytes: () => number;
}

/** Opens a stream. Resolves when its first bytes arrive. */
const openViewer = async (url: string): Promise<Viewer> => {
  const socket = openStream(url);
  let bytes = 0;
  socket.on("data", (chunk) => (bytes += chunk.length));
  await once(socket, "data");
  return { bytes: () => bytes, [Symbol.dispose]: () => socket.destroy() };
};

/** Opens a stream and never reads from it, as a browser that hangs. */
export const openBlockedViewer = (url: string): Viewer => {
  const socket = openStream(url);
  socket.pause();
  return { bytes: () => 0, [Symbol.dispose]: () => socket.destroy() };
};

export const openViewers = (url: string, count: number): Promise<Viewer[]> =>
  Promise.all(Array.from({ length: count }, () => openViewer(url)));

/** A plain socket: parsing in this process would take processor time from what is measured. */
const openStream = (url: string) => {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {}); // the system has ended
  const headers = Object.entries({ host, ...OWN_PAGE }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET /watch/stream HTTP/1.1\r\n${headers.join("")}\r\n`);
  return socket;
};

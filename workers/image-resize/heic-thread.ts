import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import type { Order, Picture } from "./heic.ts";

// The program of a worker thread: decodes one HEIC with libheif, which is compiled to WebAssembly.

/** The part of libheif-js that is used. Its own types lack it. */
interface LibHeif {
  HeifDecoder: new () => { decode(file: Uint8Array): HeifImage[] };
}

interface HeifImage {
  is_primary(): boolean;
  get_width(): number;
  get_height(): number;
  has_alpha_channel(): boolean;
  is_premultiplied_alpha(): boolean;
  /** Decodes into `data`. Calls `done` with null after a failure. */
  display(
    image: { data: Uint8Array; width: number; height: number },
    done: (image: object | null) => void,
  ): void;
}

interface Memory {
  buffer: ArrayBuffer;
  grow(this: Memory, pages: number): number;
}
declare const WebAssembly: { Memory: { prototype: Memory } };

const PAGE = 65_536;

/** A thread's `resourceLimits` do not include WebAssembly's memory. libheif reports memory that it does not get. */
const limitMemory = (bytes: number) => {
  const { grow } = WebAssembly.Memory.prototype;
  WebAssembly.Memory.prototype.grow = function (pages) {
    if (this.buffer.byteLength + pages * PAGE > bytes) throw new RangeError("The memory limit is exceeded.");
    return grow.call(this, pages);
  };
};

const decode = async ({ file, maxPixels }: Order): Promise<Picture | undefined> => {
  const libheif = createRequire(import.meta.url)("libheif-js/wasm-bundle.js") as LibHeif;
  const images = new libheif.HeifDecoder().decode(file);
  const image = images.find((each) => each.is_primary());
  if (!image) return undefined;
  const [width, height] = [image.get_width(), image.get_height()];
  if (width * height > maxPixels) throw new RangeError(`The image has ${width} × ${height} pixels.`);
  const data = new Uint8Array(width * height * 4);
  const shown = await new Promise((resolve) => image.display({ data, width, height }, resolve));
  const [hasAlpha, isPremultiplied] = [image.has_alpha_channel(), image.is_premultiplied_alpha()];
  return shown ? { data, width, height, hasAlpha, isPremultiplied } : undefined;
};

const order = workerData as Order;
limitMemory(order.maxMemory);
const picture = await decode(order);
parentPort?.postMessage(picture, picture ? [picture.data.buffer as ArrayBuffer] : []);

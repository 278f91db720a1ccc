import { createCanvas } from "@napi-rs/canvas";
import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";

/** A page as PNG, at 80 dots per inch. */
export const pictureOf = async (bytes: Uint8Array, page: number): Promise<Buffer> => {
  const pdf = await getDocument({ data: bytes, verbosity: 0, useSystemFonts: false }).promise;
  const shown = await pdf.getPage(page);
  const viewport = shown.getViewport({ scale: 80 / 72 });
  const canvas = createCanvas(viewport.width, viewport.height);
  const canvasContext = canvas.getContext("2d") as never;
  await shown.render({ canvasContext, canvas: null, viewport }).promise;
  return canvas.encode("png");
};

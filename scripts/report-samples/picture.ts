import { createCanvas } from "@napi-rs/canvas";
import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";
import sharp from "sharp";

/** A page as a small PNG of 64 colors. `dpi` is dots per inch. */
export const pictureOf = async (bytes: Uint8Array, page: number, dpi: number): Promise<Buffer> => {
  // A copy, because pdf.js takes the buffer away.
  const pdf = await getDocument({ data: bytes.slice(), verbosity: 0, useSystemFonts: false }).promise;
  const shown = await pdf.getPage(page);
  const viewport = shown.getViewport({ scale: dpi / 72 });
  const canvas = createCanvas(viewport.width, viewport.height);
  const canvasContext = canvas.getContext("2d") as never;
  await shown.render({ canvasContext, canvas: null, viewport }).promise;
  return sharp(await canvas.encode("png"))
    .png({ palette: true, colours: 64, effort: 10 })
    .toBuffer();
};

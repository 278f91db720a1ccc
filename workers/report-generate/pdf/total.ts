import type { Shaped } from "./shaping.ts";

export interface Total {
  draw(x: number, baseline: number): void;
  end(pages: number, size: number, fontRef: (id: string) => unknown): void;
}

/** Its key in the resources of pages. */
const NAME = "Total";

/**
 * The number of pages, which is known only at the end. Every page draws the same form XObject, which is written last,
 * so that pages can be sent as they are drawn.
 */
export const createTotal = (doc: PDFKit.PDFDocument, shape: (text: string) => Shaped): Total => {
  const resources: { Font: Record<string, unknown> } = { Font: {} };
  const form = doc.ref({ Type: "XObject", Subtype: "Form", BBox: [0, -4, 60, 12], Resources: resources });
  return {
    draw: (x, baseline) => {
      (doc.page as unknown as { xobjects: Record<string, unknown> }).xobjects[NAME] = form;
      doc.addContent(`q 1 0 0 -1 ${x.toFixed(2)} ${baseline} cm /${NAME} Do Q`);
    },
    end: (pages, size, fontRef) => {
      const { fontId, parts } = shape(String(pages));
      resources.Font[fontId] = fontRef(fontId);
      const operands = parts.map((part) => part.operands).join("");
      form.end(`BT /${fontId} ${size} Tf [${operands}] TJ ET`);
    },
  };
};

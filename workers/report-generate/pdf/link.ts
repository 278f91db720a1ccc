import { clean } from "./clean.ts";
import { child, type Sheet, type Tag } from "./sheet.ts";

interface Target {
  readonly url: string;
  /** What a screen reader says. */
  readonly text: string;
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** Draws text that is a link. Without a link, if the URL is none. */
export const link = (sheet: Sheet, parent: Tag, { url, text, box }: Target, draw: () => void): void => {
  const tag = child(sheet, parent, "Link");
  sheet.tagged(tag, "Link", draw);
  const href = URL.parse(url)?.href;
  if (href !== undefined) {
    const { x, y, width, height } = box;
    // The types want strings, but pdfkit writes these as names.
    const options = {
      Subtype: "Link",
      A: { S: "URI", URI: Object(href) as string },
      Contents: Object(clean(text, 200) || href) as string,
      structParent: tag,
    };
    sheet.doc.annotate(x, y, width, height, options);
  }
  tag.end();
};

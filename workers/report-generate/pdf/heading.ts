import { child, type Sheet, type Tag } from "./sheet.ts";
import { CONTENT_WIDTH, PAGE, SIZE } from "./style.ts";

const MARGIN = 30;
const HEIGHT = 22;

/**
 * Begins a section: its heading, a remark at the right, and its bookmark. `room` is for what must be on the same
 * page.
 */
export const beginSection = (sheet: Sheet, parent: Tag, title: string, remark: string, room: number): Tag => {
  const section = child(sheet, parent, "Sect");
  sheet.y += MARGIN;
  if (!sheet.fits(HEIGHT + room)) sheet.nextPage();
  bookmark(sheet, title);
  const heading = child(sheet, section, "H2");
  let width = 0;
  sheet.tagged(heading, "H2", () => {
    width = sheet.text(title, PAGE.left, sheet.y + 12, { size: SIZE.heading, ink: "ink", weight: "bold" });
  });
  heading.end();
  if (remark) {
    const style = { size: SIZE.small, ink: "muted" } as const;
    const [line] = sheet.wrap(remark, style, CONTENT_WIDTH - width - 20, 1);
    const tag = child(sheet, section, "P");
    if (line) sheet.tagged(tag, "P", () => sheet.text(line, PAGE.right, sheet.y + 12, style, "right"));
    tag.end();
  }
  sheet.y += HEIGHT;
  return section;
};

/** Opens the page at the current height, at the left. */
export const bookmark = (sheet: Sheet, title: string): void => {
  // Not in the types. pdfkit subtracts `left` from the width.
  const place = { fit: false, top: Math.max(0, sheet.y - 12), left: PAGE.width, zoom: 0 };
  sheet.doc.outline.addItem(title, place as object);
};

export const NOTE_HEIGHT = 22;

/** A paragraph of one line. */
export const note = (sheet: Sheet, parent: Tag, text: string): void => {
  const tag = child(sheet, parent, "P");
  sheet.tagged(tag, "P", () => sheet.text(text, PAGE.left, sheet.y + 14, { size: SIZE.body, ink: "muted" }));
  tag.end();
  sheet.y += NOTE_HEIGHT;
};

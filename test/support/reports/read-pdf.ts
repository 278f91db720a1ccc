import { getDocument, type PDFDocumentProxy } from "pdfjs-dist/legacy/build/pdf.mjs";

/** An element of the structure tree. */
export interface Node {
  readonly role?: string;
  readonly alt?: string;
  readonly children?: readonly Node[];
}

export const openPdf = (bytes: Uint8Array): Promise<PDFDocumentProxy> =>
  getDocument({ data: bytes.slice(), verbosity: 0, useSystemFonts: false }).promise;

/** The text of every page, in the order in which it is drawn. */
export const textOf = async (pdf: PDFDocumentProxy): Promise<string[]> =>
  Promise.all(
    Array.from({ length: pdf.numPages }, async (_, index) => {
      const { items } = await (await pdf.getPage(index + 1)).getTextContent();
      return items.map((item) => ("str" in item ? item.str + (item.hasEOL ? "\n" : "") : "")).join("");
    }),
  );

/** All elements of the structure tree of a page, in reading order. */
export const elementsOf = async (pdf: PDFDocumentProxy, page: number): Promise<Node[]> => {
  const flatten = (node: Node): Node[] => [node, ...(node.children ?? []).flatMap(flatten)];
  const tree = await (await pdf.getPage(page)).getStructTree();
  return tree ? flatten(tree as Node) : [];
};

export const linksOf = async (pdf: PDFDocumentProxy, page: number): Promise<string[]> =>
  (await (await pdf.getPage(page)).getAnnotations()).map(({ url }: { url: string }) => url);

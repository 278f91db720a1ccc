import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the HTML pages. */
export const pages = fileURLToPath(new URL("../public", import.meta.url));

/** The pages of the folder, as their URLs name them. */
export const pageNames: ReadonlySet<string> = new Set(
  readdirSync(pages).flatMap((name) => (name.endsWith(".html") ? basename(name, ".html") : [])),
);

import { fileURLToPath } from "node:url";

/** The folder of the HTML pages. */
export const pages = fileURLToPath(new URL("../public", import.meta.url));

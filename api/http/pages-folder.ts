import { fileURLToPath } from "node:url";

/** The folder of our pages. */
export const pages = fileURLToPath(new URL("../public", import.meta.url));

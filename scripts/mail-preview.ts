import { startPreview } from "./mail-preview/server.ts";
import { isFree } from "./processes/ports.ts";

// npm run mail:preview [-- PORT]: every mail template with sample data, in the browser, reloaded at each change.

const port = Number(process.argv[2] ?? 8026);
if (!(await isFree(port))) {
  console.error(`Cannot listen on port ${port}. To use another one: npm run mail:preview -- PORT`);
  process.exit(1);
}
const preview = await startPreview(port);
console.log(`Mail templates: ${preview.url}   (Ctrl-C stops it)`);
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, preview.close);

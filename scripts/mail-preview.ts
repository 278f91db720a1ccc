import { startPreview } from "./mail-preview/server.ts";

// npm run mail:preview [-- PORT]: every mail template with sample data, in the browser, anew at each change.

const preview = await startPreview(Number(process.argv[2] ?? 8026));
console.log(`Mail templates: ${preview.url}   (Ctrl-C ends)`);
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, preview.close);

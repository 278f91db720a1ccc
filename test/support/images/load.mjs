// node load.mjs FILE…: imports the files, makes Prisma compile a query, and prints which files of packages were loaded.
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { writeSync } from "node:fs";

const loaded = new Set();
registerHooks({
  load(url, context, next) {
    loaded.add(url);
    return next(url, context);
  },
});
for (const file of process.argv.slice(2)) await import(pathToFileURL(file).href);

const { PrismaClient } = await import("../../../prisma/client/client.ts");
const { PrismaPg } = await import("@prisma/adapter-pg");
// Nothing listens there: the query fails after it was compiled.
const adapter = new PrismaPg({ connectionString: "postgres://offstage@127.0.0.1:1/none" });
const error = await new PrismaClient({ adapter }).user.findMany().catch((error) => error);
if (!/ECONNREFUSED|reach/i.test(`${error}${JSON.stringify(error)}`)) throw error;

writeSync(1, JSON.stringify([...loaded]));
process.exit(0); // some modules keep timers

#!/usr/bin/env node
// Prisma's CLI drives a native schema engine, which it downloads from its vendor. This stands in for it: the same
// engine as WebAssembly, from npm, behind the same JSON-RPC (a message per line on stdin and stdout). Plain JavaScript,
// because whichever Node is first on PATH runs it.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import * as engineBindings from "@prisma/schema-engine-wasm/schema_engine_bg";
import pg from "pg";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { datasource: { type: "string" }, datamodels: { type: "string", multiple: true } },
});
const databaseUrl = JSON.parse(options.datasource ?? "{}").url;
let engine;

// The WebAssembly reports its panics here; the CLI shows the last error of a child that exits with 1.
globalThis.PRISMA_WASM_PANIC_REGISTRY = {
  set_message(message) {
    logError({ message });
    process.exit(1);
  },
};

if (options.version) await printVersion();
else if (positionals[0] === "cli") await probeDatabase();
else await serveEngine();

async function printVersion() {
  await loadWebAssembly();
  console.log(`schema-engine-cli ${engineBindings.version()}`);
}

/** `can-connect-to-database`; `create-database` is not offered: databases come with the server. */
async function probeDatabase() {
  const client = new pg.Client(databaseUrl);
  try {
    await client.connect();
    await client.end();
  } catch (error) {
    const { host, port } = client;
    const message = `Can't reach database server at \`${host}:${port}\`: ${error.message}`;
    console.error(); // the CLI skips the first line
    logError({ error_code: error.code === "3D000" ? "P1003" : "P1001", message });
    process.exit(1);
  }
}

async function serveEngine() {
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, method, params } = JSON.parse(line);
    if (method) send({ id, ...(await answer(method, params)) });
  }
  process.exit(0);
}

async function answer(method, params) {
  try {
    engine ??= await createEngine();
    const result = await engine[method === "getDatabaseVersion" ? "version" : method](params);
    if (method === "diff" && result.stdout)
      send({ id: "diff", method: "print", params: { content: result.stdout } });
    return { result: result ?? null };
  } catch (error) {
    const { message, code, meta } = error;
    return { error: { code: 4466, message, data: { is_panic: false, message, error_code: code, meta } } };
  }
}

function send(message) {
  console.log(JSON.stringify({ jsonrpc: "2.0", ...message }));
}

async function createEngine() {
  const schemas = options.datamodels?.map(async (path) => [path, await readFile(path, "utf8")]);
  const datamodels = schemas && (await Promise.all(schemas));
  await loadWebAssembly();
  const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg(connectionParameters()));
  return engineBindings.SchemaEngine.new({ datamodels }, () => {}, adapter);
}

async function loadWebAssembly() {
  const file = fileURLToPath(
    import.meta.resolve("@prisma/schema-engine-wasm/schema_engine_bg").replace(/\.js$/, ".wasm"),
  );
  const { instance } = await WebAssembly.instantiate(await readFile(file), {
    "./schema_engine_bg.js": engineBindings,
  });
  engineBindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
}

function logError(fields) {
  console.error(JSON.stringify({ level: "ERROR", target: "schema_engine::logger", fields }));
}

// Taken apart, because a connection string would override the name of the shadow database.
function connectionParameters() {
  const { host, port, user, password, database, ssl } = new pg.Client(databaseUrl);
  return { host, port, user, password, database, ssl };
}

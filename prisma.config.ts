import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "prisma/config";
import { embeddedDatabaseUrl } from "./infra/config.ts";

if (existsSync(".env")) process.loadEnvFile(".env");

// Prisma would download a native schema engine; ours comes from npm. Set the variable to use another one.
process.env["PRISMA_SCHEMA_ENGINE_BINARY"] ??= fileURLToPath(
  new URL("prisma/schema-engine.mjs", import.meta.url),
);

export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  datasource: {
    url: process.env["DATABASE_URL"] || embeddedDatabaseUrl(Number(process.env["DATABASE_PORT"] || 54_329)),
  },
});

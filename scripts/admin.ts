import { domainToASCII } from "node:url";
import pg from "pg";
import { recordAction } from "../infra/admin/actions.ts";
import { loadConfigOrExit } from "../infra/config.ts";
import type { Sql } from "../workers/core/index.ts";
import { commandLine } from "./jobs/command-line-actor.ts";
import { parseArgsOrExit } from "./processes/command-line.ts";

const HELP = `Makes accounts administrators. There is no other way: not over HTTP.

  npm run admin -- list           administrators
  npm run admin -- grant EMAIL    makes an account an administrator
  npm run admin -- revoke EMAIL   makes it an ordinary account again, and ends its sessions`;

const { values: options, positionals } = parseArgsOrExit(
  { allowPositionals: true, options: { help: { type: "boolean", short: "h" } } },
  "Usage: npm run admin -- --help",
);
const [command = "list", address = ""] = positionals;

/** In the form in which accounts have it. */
const normal = (text: string): string => {
  const [, local = "", domain = ""] = /^(.*)@([^@]*)$/.exec(text.trim().toLowerCase()) ?? [];
  return `${local}@${domainToASCII(domain)}`;
};

const list = async (sql: Sql): Promise<void> => {
  const rows = await sql<{ email: string }>(
    `SELECT coalesce("shownEmail", email) AS email FROM "User" WHERE role = 'ADMIN' AND "closedAt" IS NULL ORDER BY email`,
    [],
  );
  console.log(rows.map(({ email }) => email).join("\n") || "There are no administrators.");
};

const setRole = async (sql: Sql, role: "ADMIN" | "USER"): Promise<void> => {
  const [user] = await sql<{ id: string }>(
    `UPDATE "User" SET role = $2::"Role" WHERE email = $1 AND "closedAt" IS NULL RETURNING id`,
    [normal(address), role],
  );
  if (!user) {
    console.error(`No account has the address ${address}.`);
    process.exitCode = 1;
    return;
  }
  if (role === "USER") await sql(`DELETE FROM "Session" WHERE "userId" = $1::uuid`, [user.id]);
  const action = role === "ADMIN" ? "admin.grant" : "admin.revoke";
  await recordAction(sql, commandLine(), { action, target: { userId: user.id } });
  console.log(`${address} is ${role === "ADMIN" ? "an administrator" : "not an administrator any more"}.`);
};

const commands: Record<string, (sql: Sql) => Promise<void>> = {
  list,
  grant: (sql) => setRole(sql, "ADMIN"),
  revoke: (sql) => setRole(sql, "USER"),
};
const chosen = Object.hasOwn(commands, command) ? commands[command] : undefined;
if (options.help || !chosen || (command !== "list" && !address)) {
  console.log(HELP);
  process.exit(options.help ? 0 : 2);
}

const client = new pg.Client({ connectionString: loadConfigOrExit("migrate").databaseUrl });
client.on("error", () => {}); // the next statement rejects
try {
  await client.connect();
  const sql: Sql = async (text, values) => (await client.query(text, [...values])).rows;
  await sql("BEGIN", []);
  await chosen(sql);
  await sql("COMMIT", []);
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  console.error(`Cannot change the database. Is \`npm start\` running?\n${text}`);
  process.exitCode = 1;
} finally {
  await client.end();
}

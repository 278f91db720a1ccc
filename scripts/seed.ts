import { loadConfigOrExit } from "../infra/config.ts";
import { openDatabase } from "../infra/database.ts";
import { parseArgsOrExit } from "./processes/command-line.ts";
import { insertPeople, insertPhones, insertProjects } from "./seed/insert.ts";
import { LOGINS, PASSWORD, people } from "./seed/people.ts";

const HELP = `Usage: npm run seed [-- options]

Creates users to log in as, and a company: 12 people, 3 projects and 2,000 tasks with three months of history. What exists is
left unchanged.

  --seed N            another company (default 1)
  --until YYYY-MM-DD  the day before which its history ends, in UTC (default today)`;

const { values } = parseArgsOrExit(
  {
    options: {
      seed: { type: "string", default: "1" },
      until: { type: "string", default: new Date().toISOString().slice(0, 10) },
      help: { type: "boolean", default: false },
    },
  },
  HELP,
);
if (values.help) {
  console.log(HELP);
  process.exit();
}
const seed = Number(values.seed);
const until = new Date(`${values.until}T00:00:00Z`);
if (!Number.isInteger(seed) || seed < 0 || !until.toJSON()?.startsWith(values.until)) {
  console.error(`Invalid option.\n${HELP}`);
  process.exit(2);
}

const config = loadConfigOrExit("migrate");
if (config.environment === "production") {
  console.error("These users have public passwords, so they are not created in production.");
  process.exit(1);
}

const database = openDatabase(config.databaseUrl, 2, () => {});
try {
  const users = await insertPeople(database.prisma);
  const { projects, tasks } = await insertProjects(database.prisma, { seed, until });
  await insertPhones(database.prisma);
  console.log(
    `Created ${users} of ${people.length} users, ${projects} projects and ${tasks} tasks. Log in as:\n`,
  );
  for (const { email, role } of LOGINS) console.log(`  ${role.padEnd(6)} ${email.padEnd(24)} ${PASSWORD}`);
} catch (error) {
  const { message } = error instanceof Error ? error : new Error(String(error));
  console.error(`Cannot seed the database. Is \`npm start\` running?\n${message}`);
  process.exitCode = 1;
} finally {
  await database.close();
}

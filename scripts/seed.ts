import { loadConfigOrExit } from "../infra/config.ts";
import { openDatabase } from "../infra/database.ts";
import { hashPassword } from "../infra/passwords.ts";

// npm run seed: people to log in as. Run it as often as you like: what is there already is left alone.

const PASSWORD = "correct horse battery";

const people = [
  { email: "admin@offstage.example", name: "Grace Hopper", role: "ADMIN", zone: "America/New_York" },
  { email: "ada@offstage.example", name: "Ada Lovelace", role: "USER", zone: "Europe/London" },
  { email: "bob@offstage.example", name: "Bob Kahn", role: "USER", zone: "Asia/Tokyo" },
] as const;

const config = loadConfigOrExit("migrate");
if (config.environment === "production") {
  console.error("The passwords of these people are public: not in production.");
  process.exit(1);
}

const database = openDatabase(config.databaseUrl, 2, () => {});
try {
  const passwordHash = await hashPassword(PASSWORD);
  const verifiedAt = new Date();
  const data = people.map((person) => ({ ...person, passwordHash, verifiedAt }));
  const { count } = await database.prisma.user.createMany({ data, skipDuplicates: true });
  console.log(`${count} of ${people.length} people were new. Log in as\n`);
  for (const { email, role } of people) console.log(`  ${role.padEnd(6)} ${email.padEnd(24)} ${PASSWORD}`);
} catch (error) {
  const { message } = error instanceof Error ? error : new Error(String(error));
  console.error(`The database cannot be seeded. Does \`npm start\` run?\n${message}`);
  process.exitCode = 1;
} finally {
  await database.close();
}

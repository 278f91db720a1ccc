import { loadConfigOrExit } from "../infra/config.ts";
import { openDatabase } from "../infra/database.ts";
import { hashPassword } from "../infra/passwords.ts";

// npm run seed: creates users to log in as. Users that exist are left unchanged.

const PASSWORD = "correct horse battery";

const users = [
  { email: "admin@offstage.example", name: "Grace Hopper", role: "ADMIN", zone: "America/New_York" },
  { email: "ada@offstage.example", name: "Ada Lovelace", role: "USER", zone: "Europe/London" },
  { email: "bob@offstage.example", name: "Bob Kahn", role: "USER", zone: "Asia/Tokyo" },
] as const;

const config = loadConfigOrExit("migrate");
if (config.environment === "production") {
  console.error("These users have public passwords, so they are not created in production.");
  process.exit(1);
}

const database = openDatabase(config.databaseUrl, 2, () => {});
try {
  const passwordHash = await hashPassword(PASSWORD);
  const verifiedAt = new Date();
  const data = users.map((user) => ({ ...user, passwordHash, verifiedAt }));
  const { count } = await database.prisma.user.createMany({ data, skipDuplicates: true });
  console.log(`Created ${count} of ${users.length} users. Log in as:\n`);
  for (const { email, role } of users) console.log(`  ${role.padEnd(6)} ${email.padEnd(24)} ${PASSWORD}`);
} catch (error) {
  const { message } = error instanceof Error ? error : new Error(String(error));
  console.error(`Cannot seed the database. Is \`npm start\` running?\n${message}`);
  process.exitCode = 1;
} finally {
  await database.close();
}

import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { filesOnBroker } from "./test/support/run/on-broker.ts";

const allFiles = "{api,workers,infra,sandbox,test,scripts}/**/*.test.ts";

// On another broker than PostgreSQL, the files that cannot use it would only repeat what they do without it.
const include = process.env["BROKER"] ? filesOnBroker(import.meta.dirname, allFiles) : [allFiles];

// They measure how long a user waits. Run in parallel with others, they would measure the others.
const alone = ["test/flows/mail-limit.test.ts", "test/flows/mail-priority.test.ts"];

// They need Redis, or a broker in another server than the ledger, so they belong to that broker's run.
const ofOtherBroker =
  process.env["BROKER"] === "redis"
    ? []
    : ["broker-switch", "failover", "ledger-restored"].map((name) => `test/chaos/${name}.test.ts`);

// They test what a browser shows, what routes promise, and what a handler does to the database. The other flows test on
// each broker what these lead to.
const httpFlows = [
  ...[
    "pages",
    "uploads-page",
    "projects-page",
    "reports-page",
    "notifications",
    "notifications-page",
    "account-page",
    "admin",
    "admin-page",
  ],
  ...[
    "host-names",
    "hostile-names",
    "same-site",
    "sessions",
    "devices",
    "projects",
    "uploads",
    "uploads-local",
  ],
  ...[
    "user-data",
    "account-delete-catalog",
    "watch-look",
    "watch-acts",
    "watch-breaks",
    "watch-tour",
    "watch-exact",
    "watch-buttons",
    "watch-pages",
    "watch-production",
    "watch-stream",
    "tracing",
  ],
  ...["exports", "idempotency", "invitations", "notification-sources", "password", "platform", "purges"],
  ...["sign-up-twice", "storage-purge", "unsubscribe", "verify-email", "account-delete-race"],
  ...["images", "jobs-command", "watch", "video", "reports", "account-deletion"],
];
// The worker or the API is killed, and what its next run leaves in the database and the storage is looked at. That each
// broker gives the job of a killed worker to another one is shown by worker-killed, poison, push-killed and flows.
const killed = ["api", "deletion", "dispatch", "export", "purge", "report"];
const beforeBroker = [
  ...httpFlows.map((name) => `test/flows/${name}.test.ts`),
  ...["test/api/*.test.ts", "api/**/*.test.ts", "workers/wiring/*.test.ts"],
  ...killed.map((name) => `test/chaos/${name}-killed.test.ts`),
  ...["deletion-interrupted", "reports-due"].map((name) => `test/chaos/${name}.test.ts`),
];
const ofOneBroker = process.env["BROKER"] ? beforeBroker : [];

// It needs a program that not every machine has, so it runs only where it is asked for, as in CI.
const ofPgBouncer = process.env["PGBOUNCER"] === "true" ? [] : ["test/chaos/pgbouncer.test.ts"];

// The same. The other tests of monitoring/ need no program.
const ofPrometheus =
  process.env["PROMETHEUS"] === "true"
    ? []
    : ["test/monitoring/queries.test.ts", "test/monitoring/rules.test.ts"];

/**
 * Spreads the files that take long and mostly wait among the others, which mostly compute, and starts the longest first.
 * If one of them started last, the run would wait for it alone.
 */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification) => LONG.findIndex((part) => moduleId.includes(part));
    const long = sorted.filter((file) => rank(file) >= 0).toSorted((one, other) => rank(one) - rank(other));
    const others = sorted.filter((file) => rank(file) < 0);
    return [...long.flatMap((file) => [file, ...others.splice(0, 3)]), ...others];
  }
}

/** Parts of paths: the longest first. */
const LONG = [
  ...["watch-tour", "test/start", "watch-breaks", "outages", "dispatch-killed", "test/tour", "watch-buttons"],
  ...["monitoring/queries"],
  ...["flows/video", "watch-acts", "-killed", "test/chaos", "mail-limit"],
];

export default defineConfig({
  test: {
    globalSetup: "test/support/run/global-setup.ts",
    pool: "forks",
    // Files share processes, because starting a process takes longer than most files.
    isolate: false,
    // Most tests wait for retries and outages, so more files than cores can run at once.
    maxWorkers: 3,
    // Only against waiting forever. Speed is measured by benchmarks, and by the tests that say so.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: "together",
          include,
          exclude: [
            ...configDefaults.exclude,
            ...alone,
            ...ofOtherBroker,
            ...ofOneBroker,
            ...ofPgBouncer,
            ...ofPrometheus,
          ],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: "alone", include: alone, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});

import { configDefaults, defineConfig } from "vitest/config";

// They measure what a person would wait for: with the others beside them, they would measure the others.
const alone = ["test/flows/mail-limit.test.ts", "test/flows/mail-priority.test.ts"];

export default defineConfig({
  test: {
    globalSetup: "test/support/run/global-setup.ts",
    pool: "forks",
    // Files share processes. A process for each would take longer to start than most of them run.
    isolate: false,
    // Most tests wait, for retries and outages, so that three files at once suit even two cores.
    maxWorkers: 3,
    // Against waiting for ever. What has to be fast is measured by benchmarks, and by those tests that say so.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: "together",
          include: ["{api,workers,infra,sandbox,test,scripts}/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...alone],
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

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{api,workers,infra,sandbox,test,scripts}/**/*.test.ts"],
    globalSetup: "test/support/global-setup.ts",
    pool: "forks",
    // Most tests wait, for retries and outages, so that three files at once suit even two cores.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});

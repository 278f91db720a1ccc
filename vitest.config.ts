import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{api,workers,infra,sandbox,test,scripts}/**/*.test.ts"],
    globalSetup: "test/support/global-setup.ts",
    pool: "forks",
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});

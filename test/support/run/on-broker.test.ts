import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { filesOnBroker } from "./on-broker.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "offstage-on-broker-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("a file uses the broker if it, or a file that it imports, finds out which one the run has", async () => {
  const quoted = (name: string) => JSON.stringify(name);
  const sources: Record<string, string> = {
    "direct.test.ts": `const url = inject(${quoted("redisUrl")});`,
    "variable.test.ts": `const broker = process.env[${quoted("BROKER")}];`,
    "far.test.ts": `import { one } from "./one.ts";`,
    "late.test.ts": `const { two } = await import("./two.ts");`,
    "none.test.ts": `import { three } from "./three.ts";\nconst text = 'import "./missing.ts"';`,
    "one.ts": `import "./two.ts";`,
    "two.ts": `import { one } from "./one.ts";\nconst url = inject(${quoted("redisUrl")});`,
    "three.ts": `import { test } from "./none.test.ts";\nconst redisUrl = "";`,
  };
  for (const [name, source] of Object.entries(sources)) await writeFile(join(folder, name), source);
  expect(filesOnBroker(folder, "*.test.ts").toSorted()).toEqual([
    "direct.test.ts",
    "far.test.ts",
    "late.test.ts",
    "variable.test.ts",
  ]);
});

test("the tests of core, of flows and of chaos use the broker, those of handlers and pure functions do not", () => {
  const files = filesOnBroker(join(import.meta.dirname, "../../.."), "{api,workers,infra,test}/**/*.test.ts");
  expect(files).toEqual(
    expect.arrayContaining([
      "test/chaos/api-killed.test.ts",
      "test/chaos/outages.test.ts",
      "test/core/delivery.test.ts",
      "test/flows/signup.test.ts",
      "test/flows/throttle.test.ts",
      "test/flows/video.test.ts",
    ]),
  );
  for (const file of ["infra/tokens.test.ts", "test/start.test.ts", "workers/email/handler.test.ts"])
    expect(files).not.toContain(file);
});

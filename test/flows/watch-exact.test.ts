import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { missingChromium, startChromium } from "../../scripts/processes/chromium.ts";
import { seededRandom } from "../../scripts/processes/random.ts";
import { until } from "../../scripts/processes/until.ts";
import { createProxy } from "../support/servers/proxy.ts";
import { closePages } from "../support/browser/chromium.ts";
import { createWatchedSystem, type WatchedSystem } from "../support/watch/system.ts";
import { visit } from "../support/watch/visitor.ts";

// What the live page shows is what the ledger has, whatever happens to the stream.

let system: WatchedSystem;
let browser: Browser;

const CUTS = 8;
const PEOPLE = 12;

describe.skipIf(missingChromium)("the live page", () => {
  beforeAll(async () => {
    [system, browser] = await Promise.all([createWatchedSystem(), startChromium()]);
  });
  afterEach(() => closePages(browser));
  afterAll(async () => {
    await browser.close();
    await system[Symbol.asyncDispose]();
  });

  test("is exact at rest, after cuts of its stream, two API processes and the death of one", async () => {
    const ports = [system.apiUrl, await system.startAnotherApi()].map((url) => Number(new URL(url).port));
    const clients = new Set<Socket>();
    let connections = 0;
    await using proxy = await createProxy(
      () => ports[connections++ % ports.length]!,
      (chunk, client) => {
        clients.add(client);
        client.write(chunk);
      },
    );
    const visitor = await visit(browser, `http://127.0.0.1:${proxy.port}`);
    const random = seededRandom(20_261_128);
    await system.setMailOutage("refuse");
    const ids: string[] = [];
    for (let person = 0; person < PEOPLE; person++) ids.push(await visitor.signUp());
    for (let cut = 0; cut < CUTS; cut++) {
      await sleep(random() * 300);
      if (cut === 2) await system.killApi();
      if (cut === 4) await system.setMailOutage("off");
      for (const client of clients) client.destroy();
      clients.clear();
    }
    const ended = async () => (await system.phases()).every(({ phase }) => phase === "done");
    await until("every mail is sent", ended, 120_000);
    const ledger = new Map((await system.phases()).map((job) => [job.id, job]));
    await until("the page is at rest", async () =>
      (await visitor.tokens()).every(({ phase }) => phase === "done"),
    );
    const shown = await visitor.tokens();
    expect(shown.length).toBeGreaterThan(0);
    expect(shown).toEqual(shown.map(({ id }) => ledger.get(id)));
    expect(shown.every(({ id }) => ids.includes(id))).toBe(true);
    expect(visitor.problems).toEqual([]);
  });

  test("reads nothing for a hidden tab", async () => {
    const visitor = await visit(browser, system.apiUrl);
    await until("the ledger is read", reads);
    for (const context of browser.contexts()) for (const page of context.pages()) await hide(page);
    await until("the ledger is read no more", async () => !(await reads()), 60_000);
    await show(visitor.page);
    await until("the ledger is read again", reads);
    expect(visitor.problems).toEqual([]);
  });

  /** Whether an API process has read the ledger for a viewer in the last three seconds. */
  const reads = async () => {
    const [row] = await system.sql<{ reads: boolean }>(
      `SELECT count(*) > 0 AS reads FROM pg_stat_activity
       WHERE datname = current_database() AND query LIKE 'WITH RECURSIVE open %' AND query_start > now() - interval '3 s'`,
      [],
    );
    return row!.reads;
  };
});

const setHidden = (page: Page, hidden: boolean) =>
  page.evaluate(`{
    Object.defineProperty(document, "hidden", { configurable: true, get: () => ${hidden} });
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "${hidden ? "hidden" : "visible"}" });
    document.dispatchEvent(new Event("visibilitychange"));
  }`);
const hide = (page: Page) => setHidden(page, true);
const show = (page: Page) => setHidden(page, false);

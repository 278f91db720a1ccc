import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";
import { until } from "../../../scripts/processes/until.ts";
import type { LedgerJob } from "./system.ts";

/** Someone who has the live page open. */
export interface Visitor {
  readonly page: Page;
  /** What no page should do: errors, violations of its policy, requests to other places. */
  readonly problems: readonly string[];
  /** The jobs on the stage. */
  tokens(): Promise<LedgerJob[]>;
  /** The words of a section: `stage`, `story`, `job`, … */
  section(name: string): ReturnType<Page["locator"]>;
  /** Presses a button of the page by its name. */
  press(name: string | RegExp): Promise<void>;
  /** Signs up a made-up person. Resolves with the id of the mail's job. */
  signUp(): Promise<string>;
  /** Resolves when a job is shown in one of these phases. */
  sees(id: string, ...phases: string[]): Promise<LedgerJob>;
}

/**
 * Responses other than 2xx and lost connections are part of a breakage; a browser reports them as errors. A frame
 * with a mail has no origin that could be keyed.
 */
const EXPECTED = /^Failed to load resource|net::ERR_|origin-keyed agent cluster/;

export const visit = async (
  browser: Browser,
  url: string,
  { path = "/watch", ...options }: BrowserContextOptions & { path?: string } = {},
): Promise<Visitor> => {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 900 }, ...options });
  const page = await context.newPage();
  const problems = collectProblems(page, url);
  await page.goto(url + path);
  await page.locator("#stage .lanes").waitFor({ state: "attached" });
  const tokens = () => page.evaluate<LedgerJob[]>(TOKENS);
  return {
    page,
    problems,
    tokens,
    section: (name) => page.locator(`#${name}`),
    press: (name) => page.getByRole("button", { name }).first().click(),
    signUp: async () => {
      const answered = page.waitForResponse((response) => response.url().endsWith("/v1/signup"));
      await page
        .getByRole("button", { name: /^Sign up/ })
        .first()
        .click();
      const ids = await (await answered).headerValue("x-job-ids");
      expect(ids).toMatch(/^[0-9a-f-]{36}$/);
      return ids ?? "";
    },
    sees: (id, ...phases) =>
      until(`job ${id} is shown as ${phases.join(" or ")}`, async () =>
        (await tokens()).find((token) => token.id === id && phases.includes(token.phase)),
      ),
  };
};

const TOKENS = `[...document.querySelectorAll("#stage [data-id][data-phase]")].map(({ dataset }) =>
  ({ id: dataset.id, phase: dataset.phase, attempt: Number(dataset.attempt) }))`;

const collectProblems = (page: Page, url: string): string[] => {
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !EXPECTED.test(message.text()))
      problems.push(`${message.type()}: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!/^(blob|data|about):/.test(request.url()) && new URL(request.url()).host !== new URL(url).host)
      problems.push(`outside request: ${request.url()}`);
  });
  return problems;
};

const axe = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Finding {
  id: string;
  impact: string;
  nodes: string[];
}

/** What axe-core finds. The frames of the page hold mails and files, which have tests of their own. */
export const findBarriers = async (page: Page): Promise<Finding[]> => {
  if (!(await page.evaluate<boolean>(`"axe" in window`))) await page.evaluate(await axe);
  return page.evaluate<Finding[]>(
    `axe.run(document, { iframes: false, resultTypes: ["violations"] }).then(({ violations }) =>
      violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html }) => html.slice(0, 160)) })))`,
  );
};

/** The pixels by which the page is wider than its window. */
export const overflowOf = (page: Page): Promise<number> =>
  page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");

import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { missingChromium, startChromium } from "../../processes/chromium.ts";
import type { Findings, Measurement } from "../findings.ts";
import { median, percentile } from "../statistics.ts";
import { record, startPlayer } from "./recording.ts";
import { startSystem } from "./system.ts";

const SECONDS = { full: 20, quick: 8 };
const RAIN = 1_000;
/** The processor of a slow laptop. */
const SLOWER = 4;
/** Seconds until the lanes are full. */
const SETTLE = 3;

interface Drawn {
  /** Milliseconds between two frames. */
  intervals: number[];
  /** Milliseconds of each task longer than 50 ms. */
  longTasks: number[];
  nodes: number;
  heapMegabytes: number;
}

/**
 * Measures how smoothly the page draws a load on a slow processor. The stream of the load is recorded first, and played
 * when nothing else works: on the same machine, the load itself would take the processor from the browser.
 */
export const measureFrames: Measurement = async (servers, extent) => {
  if (missingChromium) return describe({ intervals: [], longTasks: [], nodes: NaN, heapMegabytes: NaN });
  await using system = await startSystem(servers, { logStatements: false });
  await system.rain(RAIN, SECONDS[extent] + SETTLE);
  const parts = await record(system.url, SECONDS[extent] + SETTLE);
  await system.atRest();
  await using player = await startPlayer(system.url, parts);
  const browser = await startChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1_280, height: 800 } });
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
    await page.goto(`${player.url}/watch`);
    await page.locator("#stage").waitFor();
    await sleep(SETTLE * 1_000);
    return describe(await observe(page, SECONDS[extent]));
  } finally {
    await browser.close();
  }
};

/** Callbacks of requestAnimationFrame: the browser calls them once for each frame that it draws. */
const observe = (page: Page, seconds: number): Promise<Drawn> =>
  page.evaluate<Drawn>(`new Promise((resolve) => {
    const intervals = [];
    const longTasks = [];
    const watching = new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)));
    watching.observe({ type: "longtask" });
    const startedAt = performance.now();
    let last = startedAt;
    const frame = (now) => {
      intervals.push(now - last);
      last = now;
      if (now - startedAt < ${seconds * 1_000}) return requestAnimationFrame(frame);
      watching.disconnect();
      const nodes = document.querySelectorAll("*").length;
      resolve({ intervals: intervals.slice(1), longTasks, nodes, heapMegabytes: performance.memory.usedJSHeapSize / 1e6 });
    };
    requestAnimationFrame(frame);
  })`);

const describe = ({ intervals, longTasks, nodes, heapMegabytes }: Drawn): Findings => {
  const whole = intervals.reduce((sum, ms) => sum + ms, 0);
  const perSecond = (intervals.length * 1_000) / whole;
  const longest = intervals.length === 0 ? NaN : Math.max(0, ...longTasks);
  return {
    title: `Live page in Chromium, on a processor ${SLOWER} times slower: ${RAIN.toLocaleString("en")} jobs a second`,
    columns: ["", ""],
    rows: [
      ["frames per second", perSecond.toFixed(1)],
      ["ms between frames, median", median(intervals).toFixed(1)],
      ["ms between frames, p99", percentile(intervals, 0.99).toFixed(1)],
      ["tasks longer than 50 ms", `${longTasks.length}`],
      ["longest task, ms", longest.toFixed(0)],
      ["elements", `${nodes}`],
      ["heap, MB", heapMegabytes.toFixed(1)],
    ],
    figures: [
      { name: "watch_frames_per_second", value: perSecond, target: { min: 55 } },
      { name: "watch_longest_task_ms", value: longest, target: { max: 200 } },
      { name: "watch_elements", value: nodes, target: { max: 3_000 } },
    ],
  };
};

import { setTimeout as sleep } from "node:timers/promises";
import { residentMegabytes } from "../core/memory.ts";
import type { Measurement } from "../findings.ts";
import { startSystem, type System } from "./system.ts";
import { openBlockedViewer, openViewers, type Viewer } from "./viewers.ts";

const SECONDS = { full: 20, quick: 8 };
const VIEWERS = 50;
const RAIN = 1_000;

interface Load {
  /** Of the resident memory of the API, in MB. */
  growth: number;
  /** KB that each viewer received. */
  received: number[];
}

/**
 * Measures the memory of an API process while many watch a load, and while one of its viewers does not read. The first
 * load lets V8 grow its heap to what a load uses without viewers.
 */
export const measureAudience: Measurement = async (servers, extent) => {
  await using system = await startSystem(servers, { logStatements: false });
  const measure = (viewers: readonly Viewer[]) => load(system, viewers, SECONDS[extent]);
  await measure([]);
  const none = await measure([]);
  const all = await watchedBy(await openViewers(system.url, VIEWERS), measure);
  const blocked = await watchedBy([openBlockedViewer(system.url)], measure);
  const least = Math.min(...all.received);
  return {
    title: `Live page: an API process during ${RAIN.toLocaleString("en")} jobs a second for ${SECONDS[extent]} s`,
    columns: ["", "MB of growth", "KB to each viewer: least", "most"],
    rows: [
      ["no viewer", none.growth.toFixed(1), "–", "–"],
      [`${VIEWERS} viewers`, all.growth.toFixed(1), least.toFixed(0), Math.max(...all.received).toFixed(0)],
      ["a viewer that does not read", blocked.growth.toFixed(1), "–", "–"],
    ],
    figures: [
      { name: "watch_50_viewers_least_kb", value: least, target: { min: 1 } },
      { name: "watch_50_viewers_growth_mb", value: all.growth - none.growth },
      { name: "watch_blocked_viewer_growth_mb", value: blocked.growth - none.growth, target: { max: 10 } },
    ],
  };
};

const watchedBy = async (
  viewers: readonly Viewer[],
  measure: (viewers: readonly Viewer[]) => Promise<Load>,
): Promise<Load> => {
  const found = await measure(viewers);
  for (const viewer of viewers) viewer[Symbol.dispose]();
  return found;
};

const load = async (system: System, viewers: readonly Viewer[], seconds: number): Promise<Load> => {
  const bytes = viewers.map((viewer) => viewer.bytes());
  const before = await residentMegabytes(system.api.pid);
  await system.rain(RAIN, seconds);
  await sleep(seconds * 1_000);
  const growth = (await residentMegabytes(system.api.pid)) - before;
  await system.atRest();
  return { growth, received: viewers.map((viewer, index) => (viewer.bytes() - (bytes[index] ?? 0)) / 1_000) };
};

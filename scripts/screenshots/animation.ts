import { stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import sharp from "sharp";

/** Milliseconds between two frames. */
const INTERVAL = 150;
/** Milliseconds for which the last frame is shown. */
const LAST = 3_000;

/** Records a page as an animated WebP while `act` runs. Resolves with its size in bytes. */
export const record = async (page: Page, file: string, act: () => Promise<void>): Promise<number> => {
  const frames: Buffer[] = [];
  const times: number[] = [];
  const ended = new AbortController();
  const recording = (async () => {
    while (!ended.signal.aborted) {
      const interval = sleep(INTERVAL);
      times.push(performance.now());
      frames.push(await page.screenshot({ type: "png" }));
      await interval;
    }
  })();
  try {
    await act();
    await sleep(INTERVAL * 5); // what moves at the end arrives
  } finally {
    ended.abort();
    await recording;
  }
  const delay = frames.map((_, index) => Math.round((times[index + 1] ?? Infinity) - (times[index] ?? 0)));
  await sharp(frames, { join: { animated: true } })
    .webp({ quality: 55, effort: 5, loop: 0, delay: delay.map((ms) => Math.min(ms, LAST)) })
    .toFile(file);
  return (await stat(file)).size;
};

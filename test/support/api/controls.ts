import { setTimeout as sleep } from "node:timers/promises";
import type supertest from "supertest";
import { defineWorker } from "../../../workers/core/index.ts";
import { doDemoTask } from "../../../workers/demo-task/handler.ts";
import { demoTask } from "../../../workers/demo-task/job.ts";
import { createTestApp, type TestApp } from "./app.ts";

/** The headers that a script of the live page sends. */
export const OWN = { "Sec-Fetch-Site": "same-origin", "X-Watch": "1" };

interface ControlledApp extends TestApp {
  /** What failed outside a request. */
  readonly failures: Error[];
  /** Allows another act that breaks something. */
  skipASecond(): void;
  /** Skips a second, and sends what the page sends. */
  act(method: "post" | "put", path: string, body?: object): supertest.Test;
}

const dies = () => Promise.reject(new Error("died"));

/** The application with the controls of the live page. Where a process would kill itself, an error is thrown. */
export const createControlledApp = async (): Promise<ControlledApp> => {
  const failures: Error[] = [];
  let skipped = 0;
  const skipASecond = () => void (skipped += 1_000);
  const watch = {
    onError: (error: Error) => failures.push(error),
    die: dies,
    // It stands still otherwise: how long a request takes must not decide whether the next one is refused.
    now: () => skipped,
  };
  const task = doDemoTask({
    isSandbox: true,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
    die: dies,
    block: () => {
      throw new Error("blocked");
    },
  });
  const app = await createTestApp({ watch, modules: [() => defineWorker(demoTask, task)] });
  return {
    ...app,
    failures,
    skipASecond,
    act: (method, path, body = {}) => {
      skipASecond();
      return app.request[method](`/watch/control${path}`).set(OWN).send(body);
    },
  };
};

import { setTimeout as sleep } from "node:timers/promises";
import { dieAsOrdered } from "../../infra/ordered-death.ts";
import { defineWorker } from "../core/index.ts";
import { doDemoTask } from "../demo-task/handler.ts";
import { demoTask } from "../demo-task/job.ts";
import type { Infrastructure } from "./infrastructure.ts";

export const wire = ({ config }: Infrastructure) =>
  defineWorker(
    demoTask,
    doDemoTask({
      isSandbox: config.sandbox,
      sleep: (ms, signal) => sleep(ms, undefined, { signal }),
      die: dieAsOrdered,
      block: () => {
        for (;;);
      },
    }),
  );

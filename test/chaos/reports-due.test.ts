import { expect, it } from "vitest";
import { until } from "../../scripts/processes/until.ts";
import { untilAllFinished } from "../support/chaos/checks.ts";
import { insertDueSchedules } from "../support/chaos/schedules.ts";
import { signUp } from "../support/chaos/signup.ts";
import { createSystem, type System } from "../support/chaos/system.ts";

// DUE=1000 npm test -- reports-due makes more. Each is a PDF: a thousand take a minute of two processors.
const DUE = Number(process.env["DUE"] ?? 250);

const countReady = async ({ sql }: System): Promise<number> =>
  (await sql<{ ready: number }>(`SELECT count(*)::int AS ready FROM "Report" WHERE state = 'READY'`, []))[0]
    ?.ready ?? 0;

it(
  `with the mail provider down, ${DUE} due reports are made, and each is announced once afterwards`,
  { timeout: 1_200_000 },
  async () => {
    await using system = await createSystem();
    await insertDueSchedules(system, DUE);
    await system.setMailOutage("refuse");
    await system.startApi();
    await system.startWorker({ WORKERS: "schedule-dispatch,report-generate" });
    await system.startWorker({ WORKERS: "email,report-generate" });
    await until("some reports are ready", async () => (await countReady(system)) > 50, 300_000);

    const urgent = await signUp(system.apiUrl, "urgent@example.com");
    expect(urgent.status).toBe(202);
    await until("every report is ready", async () => (await countReady(system)) === DUE, 600_000);
    expect(await system.mails()).toEqual([]);

    await system.setMailOutage("off");
    await until("the urgent mail has arrived", async () =>
      (await system.mails()).some(({ to }) => to === "urgent@example.com"),
    );
    await untilAllFinished(system, 400_000);
    expect(await system.sql(`SELECT name, state, error FROM "Job" WHERE state <> 'COMPLETED'`, [])).toEqual(
      [],
    );
    const announced = (await system.mails()).filter(({ to }) => to.endsWith("@due.example"));
    expect(new Set(announced.map(({ to }) => to)).size).toBe(DUE);
    expect(new Set(announced.map(({ messageId }) => messageId)).size).toBe(DUE);
    const [notified] = await system.sql(`SELECT count(*)::int AS rows FROM "Notification"`, []);
    expect(notified).toEqual({ rows: DUE });
  },
);

import { z } from "zod";
import { sqlOf } from "../../infra/database.ts";
import { searchJobs } from "../../infra/admin/search.ts";
import { findRelated } from "../../infra/admin/related.ts";
import { findJob, phaseOf } from "../../workers/core/index.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { id, timestamp } from "../http/fields.ts";
import { pageOf } from "../http/pagination.ts";
import { Problem } from "../http/problem.ts";
import { failedFilter, resolveUser } from "./fields.ts";
import { redactPayload, redactText } from "./redact.ts";

const state = z.enum(["WAITING", "PENDING", "PUBLISHED", "COMPLETED", "FAILED", "CANCELLED"]);

const found = z.object({
  id: z.uuid(),
  name: z.string(),
  state,
  phase: z.string().describe("More exact than the state: see workers/core/README.md."),
  attempt: z.int(),
  crashes: z.int(),
  createdAt: timestamp,
  finishedAt: timestamp.nullable(),
  errorKind: z.string().nullable(),
  error: z.string().nullable(),
});

const related = z.object({
  id: z.uuid(),
  name: z.string(),
  phase: z.string(),
  parentId: z.uuid().nullable(),
  causeId: z.uuid().nullable(),
  createdAt: timestamp,
});

const whole = found.extend({
  ...{ payload: z.unknown(), result: z.unknown(), progress: z.unknown(), history: z.array(z.unknown()) },
  ...{ epoch: z.int(), priority: z.int(), publishTries: z.int() },
  ...{ key: z.string().nullable(), orderKey: z.string().nullable(), onFailure: z.string().nullable() },
  ...{ rootId: z.uuid().nullable(), parentId: z.uuid().nullable(), causeId: z.uuid().nullable() },
  ...{ batchId: z.uuid().nullable(), requestId: z.string().nullable(), startedBy: z.string().nullable() },
  ...{ dueAt: timestamp, readyAt: timestamp },
  ...{ publishedAt: timestamp.nullable(), startedAt: timestamp.nullable() },
  tree: z.array(related).describe("The jobs of its flow, at most 500."),
  cause: related.nullable().describe("The job whose run enqueued it."),
  followUps: z.array(related).describe("What its runs enqueued, at most 500."),
});

const cursor = z
  .string()
  .regex(/^([\d:.TZ-]{20,30}_)?[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/, "Invalid cursor.");

export const jobRoutes = ({ prisma }: AppDeps) => [
  route(
    {
      method: "get",
      path: "/v1/admin/jobs",
      summary: "Search the ledger, newest first",
      access: "admin",
      query: z.object({
        ...failedFilter,
        state: state.optional(),
        cursor: cursor.optional(),
        limit: z.coerce.number("Enter a number.").int().min(1).max(100).default(50),
      }),
      status: 200,
      response: pageOf(found).extend({
        searched: z
          .int()
          .nullable()
          .describe("How many jobs were searched, if that is where the search ended. `next` continues it."),
      }),
    },
    async ({ query: { cursor: from, limit, ...filter } }) => {
      const { next, searched, items } = await searchJobs(sqlOf(prisma), await resolveUser(prisma, filter), {
        cursor: from,
        limit,
      });
      return { next, searched, items: items.map((job) => ({ ...job, error: textOf(job.error) })) };
    },
  ),

  route(
    {
      method: "get",
      path: "/v1/admin/jobs/:id",
      summary: "Get a job with its attempts, its flow and what it caused",
      access: "admin",
      params: id,
      status: 200,
      response: whole,
    },
    async ({ params }) => {
      const sql = sqlOf(prisma);
      const job = await findJob(sql, params.id);
      if (!job) throw new Problem("not-found", { detail: "The ledger has no such job." });
      const others = await findRelated(sql, job);
      const phased = <Row extends Parameters<typeof phaseOf>[0]>(row: Row) => ({
        ...row,
        phase: phaseOf(row, Date.now()),
      });
      return {
        ...phased(job),
        payload: redactPayload(job.payload),
        result: redactText(job.result) ?? null,
        progress: redactText(job.progress) ?? null,
        error: textOf(job.error),
        history: redactText(job.history) as unknown[],
        tree: others.tree.map(phased),
        cause: others.cause ? phased(others.cause) : null,
        followUps: others.followUps.map(phased),
      };
    },
  ),
];

const textOf = (error: string | null) => redactText(error) as string | null;

import { z } from "zod";
import { problemsOf, type Route } from "./contract.ts";
import { eventStream } from "./event-stream.ts";
import { publishedFile } from "./published-file.ts";
import { type ProblemName, statusOf, titleOf, typeOf } from "./problem.ts";

const VERSION = "1";

const WAIT = new Set<ProblemName>(["too-many-requests", "unavailable"]);

type Contract = Route["contract"];

/** Describes routes as OpenAPI 3.1, from the schemas that validate them. https://spec.openapis.org/oas/v3.1.1.html */
export const describeApi = (routes: readonly Route[]): object => ({
  openapi: "3.1.1",
  info: {
    title: "Offstage",
    version: VERSION,
    description:
      "Every response has an X-Request-Id header; a request may set its own. Errors are application/problem+json (RFC 9457).",
  },
  paths: Object.fromEntries(
    [...Map.groupBy(routes, ({ contract }) => templated(contract.path))].map(([path, group]) => [
      path,
      Object.fromEntries(group.map(({ contract }) => [contract.method, operation(contract)])),
    ]),
  ),
  components: {
    securitySchemes: {
      cookie: {
        type: "apiKey",
        in: "cookie",
        name: "session",
        description: "Named `__Host-session` over https.",
      },
      bearer: { type: "http", scheme: "bearer" },
    },
    schemas: { Problem: jsonSchema(problem, "output") },
  },
});

const problem = z
  .object({
    type: z.string().describe("Stable identifier of the problem."),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    requestId: z.string(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .describe("RFC 9457");

const operation = (contract: Contract): object => ({
  operationId: operationId(contract),
  summary: contract.summary,
  tags: [
    contract.path
      .split("/")
      .filter(Boolean)
      .find((part) => part !== "v1") ?? "",
  ],
  ...(contract.access === "anyone" ? {} : { security: [{ cookie: [] }, { bearer: [] }] }),
  ...(contract.access === "admin" ? { "x-role": "ADMIN" } : {}),
  parameters: parameters(contract),
  ...(contract.body && {
    requestBody: {
      required: true,
      content: { "application/json": { schema: jsonSchema(contract.body, "input") } },
    },
  }),
  responses: { ...success(contract), ...failures(contract) },
});

const success = ({ status, response, events = {} }: Contract) => {
  if (response === publishedFile) return file;
  if (response === eventStream) return streamOf(events);
  const content = response && { "application/json": { schema: jsonSchema(response, "output") } };
  return { [status]: { description: "Success.", ...(content && { content }) } };
};

const bytes = { content: { "*/*": { schema: { type: "string", format: "binary" } } } };

const file = {
  200: { description: "The file.", ...bytes },
  206: { description: "The requested range of the file.", ...bytes },
  302: { description: "A redirect to the file. The URL is valid for five minutes." },
  304: { description: "Not modified." },
};

/** OpenAPI 3.1 has no words for the events of a stream, so their schemas are in an extension. */
const streamOf = (events: NonNullable<Contract["events"]>) => ({
  200: {
    description: "Events until the client closes the connection, or the session ends.",
    content: {
      "text/event-stream": {
        schema: { type: "string" },
        "x-events": Object.fromEntries(
          Object.entries(events).map(([name, data]) => [name, jsonSchema(data, "output")]),
        ),
      },
    },
  },
});

const failures = (contract: Contract) => {
  const byStatus = Map.groupBy(new Set(problemsOf(contract)), statusOf);
  return Object.fromEntries([...byStatus].map(([status, names]) => [status, failure(names)]));
};

const failure = (names: readonly ProblemName[]) => ({
  description: names.map(titleOf).join(" "),
  ...(names.some((name) => WAIT.has(name)) && {
    headers: {
      "Retry-After": { schema: { type: "integer" }, description: "Seconds to wait before retrying." },
    },
  }),
  content: {
    "application/problem+json": {
      schema: {
        allOf: [
          { $ref: "#/components/schemas/Problem" },
          { type: "object", properties: { type: { enum: names.map(typeOf) } } },
        ],
      },
    },
  },
});

const parameters = ({ params, query, idempotent, response }: Contract): object[] => [
  ...fields(params).map((field) => ({ ...field, in: "path", required: true })),
  ...fields(query).map((field) => ({ ...field, in: "query" })),
  ...(idempotent
    ? [{ name: "Idempotency-Key", in: "header", schema: { type: "string", minLength: 1, maxLength: 255 } }]
    : []),
  ...(response === eventStream ? [{ name: "Last-Event-ID", in: "header", schema: { type: "string" } }] : []),
];

const fields = (schema: z.ZodType | undefined) =>
  schema instanceof z.ZodObject
    ? Object.entries<z.ZodType>(schema.shape).map(([name, field]) => ({
        name,
        schema: jsonSchema(field, "input"),
      }))
    : [];

const jsonSchema = (schema: z.ZodType, io: "input" | "output"): object => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    // The format is enough; zod's patterns for dates and ids are very long.
    override: ({ jsonSchema: each }) => {
      if (each.format) delete each.pattern;
    },
  });
  return rest;
};

const templated = (path: string) => path.replaceAll(/[:*](\w+)/g, "{$1}");

/** For example deleteSessionsById. */
const operationId = ({ method, path }: Contract) =>
  [method, ...path.replace("/v1/", "/").split(/[/-]/).filter(Boolean)]
    .map((word) => word.replace(/^[:*]/, "by-"))
    .flatMap((word) => word.split("-"))
    .map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join("");

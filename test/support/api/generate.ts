import fc from "fast-check";
import type { Operation, Parameter } from "./openapi.ts";

type Schema = Parameter["schema"] & { format?: string; const?: unknown; anyOf?: Schema[] };

export interface GeneratedRequest {
  path: string;
  body: string | undefined;
  headers: Record<string, string>;
}

/** Values that exist, so that some requests pass the checks. */
export interface Known {
  emails: string[];
  passwords: string[];
  ids: string[];
}

const HOSTILE = [
  "",
  "\0",
  "\ud800",
  "a\r\nBcc: b@example.com",
  "<script>alert(1)</script>",
  "\u202egnp.exe",
  "' OR 1=1 --",
  "__proto__",
  "../../etc/passwd",
  "${7*7}",
  "👩‍🚀".repeat(50),
  "x".repeat(5_000),
];

/** Requests to an operation: most match its schemas, others violate them in one place or everywhere. */
export const requestsTo = (
  { path, parameters, body }: Operation,
  known: Known,
): fc.Arbitrary<GeneratedRequest> => {
  const at = (place: Parameter["in"]) => parameters.filter((parameter) => parameter.in === place);
  return fc
    .record({
      params: fc.record(
        Object.fromEntries(at("path").map(({ name, schema }) => [name, mostly(valid(schema, known), text)])),
      ),
      query: fc.record(
        Object.fromEntries(
          at("query").map(({ name, schema }) => [name, mostly(valid(schema, known).map(String), text)]),
        ),
        { requiredKeys: [] },
      ),
      body: body ? bodies(valid(body as Schema, known)) : fc.constant(undefined),
      headers,
    })
    .map((parts) => ({
      path: withQuery(
        path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => encode(parts.params[name])),
        parts.query,
      ),
      body: parts.body,
      headers: parts.headers,
    }));
};

/** A value that matches a schema. */
export const valid = (schema: Schema, known: Known): fc.Arbitrary<unknown> => {
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((each) => valid(each, known)));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.format === "email") return fc.oneof(fc.constantFrom(...known.emails), fc.emailAddress());
  if (schema.format === "uuid") return fc.oneof(fc.constantFrom(...known.ids), fc.uuid());
  if (schema.format === "date") return day;
  switch (schema.type) {
    case "null":
      return fc.constant(null);
    case "string":
      return fc.oneof(fc.constantFrom(...known.passwords), fc.constant("Europe/Warsaw"), stringOf(schema));
    case "integer":
      return fc.integer({ min: schema.minimum ?? -1_000, max: schema.maximum ?? 1_000 });
    case "boolean":
      return fc.boolean();
    case "array":
      return fc.array(valid(schema.items as Schema, known), { maxLength: Math.min(3, schema.maxItems ?? 3) });
    case "object":
      return fc.record(
        Object.fromEntries(
          Object.entries(schema.properties ?? {}).map(([name, each]) => [name, valid(each as Schema, known)]),
        ),
        { requiredKeys: schema.required ?? [] },
      );
    default:
      throw new Error(`the generator does not support ${JSON.stringify(schema)}`);
  }
};

const day = fc
  .date({ min: new Date("2020-01-01"), max: new Date("2030-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));

/** Without NUL, which no schema excludes, and which is rejected in every body. */
const stringOf = ({ pattern, minLength = 0, maxLength = 300 }: Schema) =>
  pattern
    ? fc.stringMatching(new RegExp(pattern))
    : fc.string({ unit: "binary", minLength, maxLength }).filter((each) => !each.includes("\0"));

const text = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "binary" }));

const mostly = <Value>(usual: fc.Arbitrary<Value>, other: fc.Arbitrary<Value>) =>
  fc.oneof({ arbitrary: usual, weight: 4 }, { arbitrary: other, weight: 1 });

const bodies = (matching: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc.oneof(
    { arbitrary: matching.map((value) => JSON.stringify(value)), weight: 6 },
    { arbitrary: fc.tuple(matching, anything).map(([value, junk]) => corrupted(value, junk)), weight: 4 },
    { arbitrary: anything.map((value) => JSON.stringify(value) ?? ""), weight: 1 },
    { arbitrary: text, weight: 1 },
    { arbitrary: fc.constantFrom('{"__proto__":{"a":1}}', "[".repeat(9_000), "x".repeat(70_000)), weight: 1 },
  );

const anything = fc.oneof(fc.jsonValue(), text, fc.constant(null));

/** Replaces one field by an arbitrary value, or adds an unknown field. */
const corrupted = (value: unknown, junk: unknown) => {
  const fields = Object.keys(value as object);
  const field = fields[JSON.stringify(junk).length % (fields.length + 1)] ?? "unknown";
  return JSON.stringify({ ...(value as object), [field]: junk });
};

const headers: fc.Arbitrary<Record<string, string>> = fc.record(
  {
    "content-type": mostly(
      fc.constant("application/json"),
      fc.constantFrom("text/plain", "application/xml", "a", "application/json; charset=x"),
    ),
    "idempotency-key": mostly(fc.uuid(), fc.constantFrom("same", " ", "x".repeat(300))),
    origin: mostly(fc.constant("http://app.test"), fc.constantFrom("https://evil.example", "null")),
    "x-request-id": fc.constantFrom("request-4711", "no"),
    "user-agent": fc.constantFrom("curl/8.0", "<script>", "x".repeat(1_000)),
  },
  { requiredKeys: ["content-type"] },
);

const encode = (value: unknown) => encodeURIComponent(String(value).toWellFormed()) || "%00";

const withQuery = (path: string, query: Record<string, unknown>) => {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encode(value)}`);
  return pairs.length > 0 ? `${path}?${pairs.join("&")}` : path;
};

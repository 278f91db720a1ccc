import { readFileSync } from "node:fs";
import { z } from "zod";

const STREAM = "text/event-stream";

type Schema = z.core.JSONSchema.JSONSchema;

export interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  schema: Schema;
}

/** An operation of openapi.json. */
export interface Operation {
  method: string;
  path: string;
  title: string;
  isProtected: boolean;
  /** Whether its response is a stream of events, which does not end by itself. */
  isStream: boolean;
  role: string | undefined;
  parameters: Parameter[];
  body: Schema | undefined;
  /** Status → the expected body; undefined for no body. */
  responses: Map<number, { type: string; schema: z.ZodType } | undefined>;
}

interface Document {
  paths: Record<string, Record<string, RawOperation>>;
  components: { schemas: Record<string, Schema> };
}

interface RawOperation {
  security?: object[];
  "x-role"?: string;
  parameters: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}

export const publishedDocument = (): Document =>
  JSON.parse(readFileSync(new URL("../../../openapi.json", import.meta.url), "utf8")) as Document;

/** Every operation of the published document. */
export const publishedOperations = (document = publishedDocument()): Operation[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]) => ({
      method: method.toUpperCase(),
      path,
      title: `${method.toUpperCase()} ${path}`,
      isProtected: raw.security !== undefined,
      isStream: raw.responses["200"]?.content?.[STREAM] !== undefined,
      role: raw["x-role"],
      parameters: raw.parameters,
      body: raw.requestBody?.content["application/json"]?.schema,
      responses: new Map(
        Object.entries(raw.responses).map(([status, { content }]) => [
          Number(status),
          content && toResponse(content, document),
        ]),
      ),
    })),
  );

const toResponse = (content: Record<string, { schema: Schema }>, { components }: Document) => {
  const [[type, { schema }] = ["", { schema: {} as Schema }]] = Object.entries(content);
  const text = JSON.stringify({ ...schema, $defs: components.schemas });
  const standalone = JSON.parse(text.replaceAll("#/components/schemas/", "#/$defs/")) as Schema;
  return { type, schema: z.fromJSONSchema(standalone) };
};

/** @throws Error if the document does not allow this response */
export const checkResponse = async (
  { title, responses }: Operation,
  response: Response,
): Promise<unknown> => {
  const { status } = response;
  if (!responses.has(status))
    throw new Error(`${title}: ${status} is not documented: ${await response.text()}`);
  const expected = responses.get(status);
  const type = response.headers.get("content-type")?.split(";")[0];
  if (type === STREAM && expected?.type === STREAM) return response.body?.cancel();
  const text = await response.text();
  if (!expected) {
    if (text !== "") throw new Error(`${title}: ${status} is documented without a body, but had ${text}`);
    return undefined;
  }
  if (type !== expected.type) throw new Error(`${title}: ${status} has type ${type}, not ${expected.type}`);
  const { error } = expected.schema.safeParse(JSON.parse(text));
  if (error) throw new Error(`${title}: ${status} does not match its schema: ${error.message}\n${text}`);
  return JSON.parse(text);
};

import { readFileSync } from "node:fs";
import { z } from "zod";

type Schema = z.core.JSONSchema.JSONSchema;

export interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  schema: Schema;
}

/** One operation of openapi.json, as tests use it. */
export interface Operation {
  method: string;
  path: string;
  title: string;
  isProtected: boolean;
  role: string | undefined;
  parameters: Parameter[];
  body: Schema | undefined;
  /** Status → what its body must be; undefined where there is none. */
  answers: Map<number, { type: string; schema: z.ZodType } | undefined>;
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
      role: raw["x-role"],
      parameters: raw.parameters,
      body: raw.requestBody?.content["application/json"]?.schema,
      answers: new Map(
        Object.entries(raw.responses).map(([status, { content }]) => [
          Number(status),
          content && toAnswer(content, document),
        ]),
      ),
    })),
  );

const toAnswer = (content: Record<string, { schema: Schema }>, { components }: Document) => {
  const [[type, { schema }] = ["", { schema: {} as Schema }]] = Object.entries(content);
  const text = JSON.stringify({ ...schema, $defs: components.schemas });
  const standalone = JSON.parse(text.replaceAll("#/components/schemas/", "#/$defs/")) as Schema;
  return { type, schema: z.fromJSONSchema(standalone) };
};

/** Throws unless the document says that this operation may answer so. */
export const checkAnswer = async ({ title, answers }: Operation, response: Response): Promise<unknown> => {
  const { status } = response;
  if (!answers.has(status))
    throw new Error(`${title}: ${status} is not documented: ${await response.text()}`);
  const answer = answers.get(status);
  const text = await response.text();
  if (!answer) {
    if (text !== "") throw new Error(`${title}: ${status} has no body in the document, but had ${text}`);
    return undefined;
  }
  const type = response.headers.get("content-type")?.split(";")[0];
  if (type !== answer.type) throw new Error(`${title}: ${status} came as ${type}, not as ${answer.type}`);
  const { error } = answer.schema.safeParse(JSON.parse(text));
  if (error) throw new Error(`${title}: ${status} does not fit its schema: ${error.message}\n${text}`);
  return JSON.parse(text);
};

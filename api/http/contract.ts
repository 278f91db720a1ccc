import type { Request, Response } from "express";
import type { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import type { Jobs } from "../../workers/core/index.ts";
import type { ProblemName } from "./problem.ts";
import { publishedFile } from "./published-file.ts";

/** Who may call: anyone, logged-in users, or administrators. */
export type Access = "anyone" | "user" | "admin";

/** The login that a request came with. */
export interface Session {
  id: string;
  userId: string;
  role: "USER" | "ADMIN";
}

/** The request and response of a route. Validation, types and openapi.json are derived from it. */
export interface Contract<Who extends Access, Params, Query, Body, Answer> {
  method: "get" | "post" | "patch" | "delete";
  /** As Express writes it: /v1/sessions/:id */
  path: string;
  summary: string;
  access: Who;
  /** A path that does not match is a 404. */
  params?: Params;
  query?: Query;
  body?: Body;
  /** On success. */
  status: 200 | 201 | 202 | 204;
  /** Only the fields that it names are sent; for `publishedFile`, the file. */
  answer?: Answer;
  /** In addition to those that follow from the other fields, see `problemsOf`. */
  problems?: readonly ProblemName[];
  /** The page for browsers that open the path: a file of api/public. */
  page?: string;
  /** Accepts an Idempotency-Key: repeated requests with the same key and body run once and get the same response. */
  idempotent?: true;
}

/** Commits a request's rows and jobs together. */
export type Transaction = Jobs<Tx>["transaction"];

/** What a handler is given. */
export interface Call<Who extends Access, Params, Query, Body> {
  session: Who extends "anyone" ? undefined : Session;
  params: z.output<Params>;
  query: z.output<Query>;
  body: z.output<Body>;
  /** Everything that the response promises is written here. With an Idempotency-Key, it also stores the response. */
  transaction: Transaction;
  request: Request;
  response: Response;
}

/** A contract with its handler. */
export interface Route {
  contract: Contract<Access, z.ZodType, z.ZodType, z.ZodType, z.ZodType>;
  handle(call: Call<Access, z.ZodType, z.ZodType, z.ZodType>): Promise<unknown>;
}

/** Pairs a contract with its handler, checking that they fit. */
export const route = <
  Who extends Access,
  Params extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
  Answer extends z.ZodType = z.ZodVoid,
>(
  contract: Contract<Who, Params, Query, Body, Answer>,
  handle: (call: Call<Who, Params, Query, Body>) => Promise<z.input<Answer>>,
): Route => ({ contract, handle });

/** Every problem that a route may respond with. */
export const problemsOf = ({
  method,
  access,
  params,
  query,
  body,
  answer,
  problems = [],
  idempotent,
}: Route["contract"]) => {
  const possible: [applies: boolean, ...names: ProblemName[]][] = [
    [access !== "anyone", "unauthenticated"],
    [access === "admin", "forbidden"],
    [method !== "get", "cross-site"],
    [params !== undefined, "not-found"],
    [body !== undefined, "malformed-json", "unusable-json", "body-too-large", "unsupported-media-type"],
    [body !== undefined || query !== undefined || idempotent === true, "invalid-request"],
    [idempotent === true, "idempotency-key-reused"],
    [answer === publishedFile, "wrong-range"],
    [true, ...problems],
    // Possible for any request, most of them before routing: see server.ts and app.ts.
    [true, "bad-request", "request-timeout", "expectation-failed", "headers-too-large"],
    [true, "internal", "unavailable"],
  ];
  return possible.flatMap(([applies, ...names]) => (applies ? names : []));
};

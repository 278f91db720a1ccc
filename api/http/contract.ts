import type { Request, Response } from "express";
import type { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import type { Jobs } from "../../workers/core/index.ts";
import type { ProblemName } from "./problem.ts";
import { publishedFile } from "./published-file.ts";

/** Who may call a route: anyone, users who are logged in, or administrators. */
export type Access = "anyone" | "user" | "admin";

/** The session of an authenticated request. */
export interface Session {
  id: string;
  userId: string;
  role: "USER" | "ADMIN";
  /** When the user entered the password again in this session. */
  reauthenticatedAt: Date | null;
}

/** The contract of a route: the single source for its validation, its types and its entry in openapi.json. */
export interface Contract<Who extends Access, Params, Query, Body, Result> {
  method: "get" | "post" | "put" | "patch" | "delete";
  /** An Express path, such as /v1/sessions/:id. */
  path: string;
  summary: string;
  access: Who;
  /** Invalid path parameters are a 404. */
  params?: Params;
  query?: Query;
  body?: Body;
  /** On success. */
  status: 200 | 201 | 202 | 204;
  /**
   * The body on success: only the fields of this schema are sent. With `publishedFile`, the file is sent; with
   * `eventStream`, the `events`.
   */
  response?: Result;
  /** The data of each event of a stream, by the event's name. */
  events?: Readonly<Record<string, z.ZodType>>;
  /** Errors that do not follow from the rest of the contract: see `problemsOf`. */
  problems?: readonly ProblemName[];
  /** The file of api/public that a GET of this path returns. */
  page?: string;
  /** Only within 10 minutes after the administrator has entered the password again. */
  fresh?: Who extends "admin" ? true : never;
  /** Pages of other sites may send it: a token in its URL authorizes the request, and cookies are not read. */
  fromAnySite?: Who extends "anyone" ? true : never;
  /** Accepts an Idempotency-Key: requests with the same key and body do the work once and get the same response. */
  idempotent?: true;
}

/** Commits the rows and the jobs of a request together. */
export type Transaction = Jobs<Tx>["transaction"];

/** The arguments of a handler. */
export interface Call<Who extends Access, Params, Query, Body> {
  session: Who extends "anyone" ? undefined : Session;
  params: z.output<Params>;
  query: z.output<Query>;
  body: z.output<Body>;
  /** Writes everything the response depends on. With an Idempotency-Key, it also stores the response. */
  transaction: Transaction;
  request: Request;
  response: Response;
}

/** A contract and its handler. */
export interface Route {
  contract: Contract<Access, z.ZodType, z.ZodType, z.ZodType, z.ZodType>;
  handle(call: Call<Access, z.ZodType, z.ZodType, z.ZodType>): Promise<unknown>;
}

/** Combines a contract with its handler and checks that their types match. */
export const route = <
  Who extends Access,
  Params extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
  Result extends z.ZodType = z.ZodVoid,
>(
  contract: Contract<Who, Params, Query, Body, Result>,
  handle: (call: Call<Who, Params, Query, Body>) => Promise<z.input<Result>>,
): Route => ({ contract, handle });

/** Every problem that a route may return. */
export const problemsOf = ({
  method,
  access,
  params,
  query,
  body,
  response,
  problems = [],
  fresh,
  fromAnySite,
  idempotent,
}: Route["contract"]) => {
  const possible: [applies: boolean, ...names: ProblemName[]][] = [
    [access !== "anyone", "unauthenticated"],
    [access === "admin", "forbidden"],
    [fresh === true, "reauthentication-required"],
    [method !== "get" && !fromAnySite, "cross-site"],
    [params !== undefined, "not-found"],
    [body !== undefined, "malformed-json", "unusable-json", "body-too-large", "unsupported-media-type"],
    [body !== undefined || query !== undefined || idempotent === true, "invalid-request"],
    [idempotent === true, "idempotency-key-reused"],
    [response === publishedFile, "wrong-range"],
    [true, ...problems],
    // Possible for every request, usually before routing: see server.ts and app.ts.
    [true, "bad-request", "request-timeout", "expectation-failed", "headers-too-large"],
    [true, "internal", "unavailable"],
  ];
  return possible.flatMap(([applies, ...names]) => (applies ? names : []));
};

import { join } from "node:path";
import express from "express";
import type { ErrorRequestHandler, Express, RequestHandler } from "express";
import { z, ZodError } from "zod";
import { type Inbox, type Message, toAscii } from "./inbox.ts";
import type { Outage } from "./outage.ts";
import { createFcm } from "./fcm.ts";
import type { Phones } from "./phones.ts";
import { createTranscription } from "./transcription.ts";
import { notifyOf } from "./events.ts";
import { createViewer } from "./viewer.ts";

/** The JSON API for tests, and the page. */
export const createApp = (inbox: Inbox, phones: Phones, outage: Outage): Express => {
  const app = express().disable("x-powered-by").use(headers, express.json());

  app
    .route("/api/messages")
    .get((request, response) => void response.json(inbox.all().filter(isTo(request.query["to"]))))
    .delete((_request, response) => {
      inbox.clear();
      response.sendStatus(204);
    });

  app.get("/api/messages/count", (request, response) => {
    const { since } = counted.parse(request.query);
    response.json(inbox.count(since));
  });

  app
    .route("/api/outage")
    .get((_request, response) => void response.json(outage.now))
    .put((request, response) => void response.json(outage.set(request.body)));

  app
    .route("/api/phones")
    .get((_request, response) => void response.json(phones.all()))
    .delete((_request, response) => {
      phones.clear();
      response.sendStatus(204);
    });
  app.get("/api/push-calls", (_request, response) => void response.json(phones.calls()));
  app.get("/phones/events", notifyOf(phones, outage));

  return app
    .use("/v1", createTranscription(outage), createFcm(phones, outage))
    .use("/inbox", createViewer(inbox, outage))
    .use(express.static(join(import.meta.dirname, "public")))
    .use(problem);
};

const counted = z.object({ since: z.coerce.date().default(new Date(0)) });

const isTo = (to: unknown) => {
  if (typeof to !== "string") return () => true;
  const wanted = toAscii(to).toLowerCase();
  return (message: Message) => message.to.toLowerCase() === wanted;
};

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const headers: RequestHandler = (_request, response, next) => {
  response.set({
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
  });
  next();
};

const problem: ErrorRequestHandler = (error, _request, response, _next) => {
  if (error instanceof ZodError) response.status(400).json({ error: error.issues[0]?.message });
  else response.status(error.status ?? 500).json({ error: error.message });
};

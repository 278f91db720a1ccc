import { setTimeout as wait } from "node:timers/promises";
import express, { Router } from "express";
import type { RequestHandler } from "express";
import type { Outage } from "./outage.ts";
import { wavSeconds } from "./wav.ts";

/** Milliseconds until a slow provider answers. */
const SLOW = 3_000;
/** Seconds of one segment. */
const SEGMENT = 2;

/** A transcription provider with OpenAI's interface, below /v1, that hears the same words in every sound. */
export const createTranscription = (outage: Outage): Router =>
  Router().post(
    "/audio/transcriptions",
    breakable(outage),
    express.raw({ type: "multipart/form-data", limit: "26mb" }),
    async (request, response) => {
      const form = await readForm(request.body, request.get("Content-Type") ?? "");
      const file = form?.get("file");
      const seconds = file instanceof Blob ? wavSeconds(Buffer.from(await file.arrayBuffer())) : undefined;
      if (!seconds || !form?.get("model") || form.get("response_format") !== "verbose_json")
        return void response.status(400).json(problem("needs a WAV file, a model and verbose_json"));
      response.json(transcript(seconds));
    },
  );

const breakable =
  (outage: Outage): RequestHandler =>
  async (_request, response, next) => {
    const mode = outage.now.transcription;
    if (mode === "hang") return;
    if (mode === "refuse") return void response.status(503).json(problem("the sandbox refuses for now"));
    if (mode === "reject") return void response.status(400).json(problem("the sandbox rejects for good"));
    if (mode === "slow") await wait(SLOW, undefined, { ref: false });
    next();
  };

const problem = (message: string) => ({ error: { message, type: "sandbox" } });

const readForm = (body: unknown, type: string): Promise<FormData | undefined> =>
  new Response(Buffer.isBuffer(body) ? new Uint8Array(body) : "", { headers: { "Content-Type": type } })
    .formData()
    .catch(() => undefined);

const transcript = (seconds: number) => {
  const segments = Array.from({ length: Math.ceil(seconds / SEGMENT) }, (_, id) => {
    const [start, end] = [id * SEGMENT, Math.min(seconds, (id + 1) * SEGMENT)];
    return { id, seek: 0, start, end, text: ` This is what the sandbox hears from second ${start} on.` };
  });
  const text = segments
    .map((segment) => segment.text)
    .join("")
    .trim();
  return { task: "transcribe", language: "english", duration: seconds, text, segments };
};

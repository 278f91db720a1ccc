import { setTimeout as wait } from "node:timers/promises";
import express, { Router } from "express";
import type { RequestHandler } from "express";
import type { Outage } from "./outage.ts";
import { wavSeconds } from "./wav.ts";

/** Milliseconds until a slow provider responds. */
const SLOW = 3_000;
/** The length of a segment in seconds. */
const SEGMENT = 2;

/** A transcription provider with OpenAI's API, below /v1, that returns the same words for every audio file. */
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
        return void response
          .status(400)
          .json(problem("file must be a WAV file, model is required, response_format must be verbose_json"));
      response.json(transcript(seconds));
    },
  );

const breakable =
  (outage: Outage): RequestHandler =>
  async (_request, response, next) => {
    const mode = outage.now.transcription;
    if (mode === "hang") return;
    if (mode === "refuse")
      return void response.status(503).json(problem("refused by the sandbox, try again later"));
    if (mode === "reject") return void response.status(400).json(problem("rejected by the sandbox"));
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

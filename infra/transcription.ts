import { z } from "zod";

/** The provider responded with an error. */
class TranscriptionError extends Error {
  override name = "TranscriptionError";
  readonly status: number;
  /** Milliseconds, from the Retry-After header. */
  readonly retryAfter: number | undefined;

  constructor(status: number, retryAfter?: number) {
    super(`the transcription provider responded with ${status}`);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

export interface Transcript {
  /** In the provider's notation: "english", or "en". */
  language: string;
  segments: { start: number; end: number; text: string }[];
}

const verboseJson = z.object({
  language: z.string().default(""),
  segments: z
    .array(z.object({ start: z.number().min(0), end: z.number().min(0), text: z.string() }))
    .default([]),
});

/** Milliseconds: 15 s plus a tenth of the audio's length (16 kHz, 16 bits). */
const timeoutFor = (wav: Buffer) => 15_000 + Math.ceil(wav.length / 320);

/**
 * A client of any provider with OpenAI's API at `url`, such as https://api.openai.com/v1.
 * https://platform.openai.com/docs/api-reference/audio/createTranscription
 */
export const createTranscriber =
  ({ url, key, model }: { url: string; key?: string | undefined; model: string }) =>
  /** @throws TranscriptionError for error responses; another Error without a response or a valid transcript */
  async (wav: Buffer, signal: AbortSignal): Promise<Transcript> => {
    const form = new FormData();
    form.set("file", new Blob([new Uint8Array(wav)], { type: "audio/wav" }), "sound.wav");
    form.set("model", model);
    form.set("response_format", "verbose_json");
    const response = await fetch(`${url.replace(/\/$/, "")}/audio/transcriptions`, {
      method: "POST",
      body: form,
      headers: key ? { Authorization: `Bearer ${key}` } : {},
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutFor(wav))]),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new TranscriptionError(response.status, retryAfter(response.headers.get("Retry-After")));
    }
    const { data } = verboseJson.safeParse(await response.json().catch(() => undefined));
    if (!data) throw new Error("the transcription provider responded with 200 but no transcript");
    return data;
  };

/** Seconds or a date: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after */
const retryAfter = (header: string | null): number | undefined => {
  if (!header) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
};

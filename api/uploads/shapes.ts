import { z } from "zod";
import { timestamp } from "../http/fields.ts";
import { declarableTypes, UNKNOWN_TYPE, uploadKinds } from "./kinds.ts";

const kind = z
  .string("Enter IMAGE or VIDEO.")
  .toUpperCase()
  .pipe(z.enum(["IMAGE", "VIDEO"], "Enter IMAGE or VIDEO."))
  .meta({ enum: ["IMAGE", "VIDEO"] });

/** Browsers declare an empty type for files that they do not know, and recorders add codecs. */
const withoutParameters = (contentType: string): string =>
  contentType.replace(/;[^]*/, "").trim().toLowerCase() || UNKNOWN_TYPE;

/** What a client declares about a file before sending it. */
export const newUpload = z
  .object({
    filename: z
      .string("Enter a file name.")
      .trim()
      .min(1, "Enter a file name.")
      .max(255, "Use at most 255 characters."),
    contentType: z
      .string("Enter a content type.")
      .max(100)
      .overwrite(withoutParameters)
      .describe(
        "The type of the file as far as the client knows it: any supported type of the kind may follow.",
      )
      .meta({ enum: [...new Set([...declarableTypes("IMAGE"), ...declarableTypes("VIDEO")])] }),
    bytes: z.int("Enter the file size in bytes.").min(1, "The file is empty."),
    kind,
  })
  .superRefine(({ kind, contentType, bytes }, context) => {
    const types = declarableTypes(kind);
    const { maxBytes } = uploadKinds[kind];
    const reject = (path: string, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    if (!types.includes(contentType))
      reject("contentType", `Unsupported type. Supported: ${types.join(", ")}.`);
    if (bytes > maxBytes) reject("bytes", `The file is too large. Maximum: ${maxBytes} bytes.`);
  });

/** An upload in a list. */
export const summary = z.object({
  id: z.uuid(),
  kind: z.enum(["IMAGE", "VIDEO"]),
  filename: z.string(),
  contentType: z.string().describe("As declared; once the upload is complete, as detected."),
  bytes: z.int(),
  state: z.enum(["AWAITING", "PROCESSING", "READY", "FAILED"]),
  problem: z.string().nullable().describe("Why processing failed."),
  note: z.string().nullable().describe("What is missing although the upload is ready."),
  width: z.int().nullable(),
  height: z.int().nullable(),
  seconds: z.number().nullable(),
  placeholder: z.string().nullable(),
  createdAt: timestamp,
  completedAt: timestamp.nullable(),
  readyAt: timestamp.nullable(),
});

/** A single upload. */
export const upload = summary.extend({
  url: z.string().nullable().describe("The original file; null until it is uploaded."),
  progress: z.number().describe("From 0 to 1."),
  steps: z.array(
    z.object({
      id: z.uuid(),
      name: z.string(),
      state: z.enum(["WAITING", "RUNNING", "COMPLETED", "FAILED"]),
      progress: z.number(),
    }),
  ),
  files: z.array(
    z.object({
      path: z.string(),
      role: z.enum(["VARIANT", "RENDITION", "PLAYLIST", "POSTER", "SUBTITLES"]),
      url: z.string(),
      contentType: z.string(),
      bytes: z.int(),
      width: z.int().nullable(),
      height: z.int().nullable(),
    }),
  ),
});

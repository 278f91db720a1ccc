import { z } from "zod";
import { timestamp } from "../http/fields.ts";
import { uploadKinds } from "./kinds.ts";

const kind = z
  .string("Must be IMAGE or VIDEO.")
  .toUpperCase()
  .pipe(z.enum(["IMAGE", "VIDEO"], "Must be IMAGE or VIDEO."))
  .meta({ enum: ["IMAGE", "VIDEO"] });

/** What a client says of a file before it sends it. */
export const announcement = z
  .object({
    filename: z
      .string("Enter the file name.")
      .trim()
      .min(1, "Enter the file name.")
      .max(255, "At most 255 characters."),
    contentType: z
      .string("Enter the content type.")
      .toLowerCase()
      .max(100)
      .meta({ enum: Object.values(uploadKinds).flatMap(({ types }) => Object.keys(types)) }),
    bytes: z.int("Enter the file size in bytes.").min(1, "The file is empty."),
    kind,
  })
  .superRefine(({ kind, contentType, bytes }, context) => {
    const { types, maxBytes } = uploadKinds[kind];
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    if (!Object.hasOwn(types, contentType))
      refuse("contentType", `Unsupported type. Supported: ${Object.keys(types).join(", ")}.`);
    if (bytes > maxBytes) refuse("bytes", `At most ${maxBytes} bytes.`);
  });

/** An upload in a list. */
export const summary = z.object({
  id: z.uuid(),
  kind: z.enum(["IMAGE", "VIDEO"]),
  filename: z.string(),
  contentType: z.string(),
  bytes: z.int(),
  state: z.enum(["AWAITING", "PROCESSING", "READY", "FAILED"]),
  problem: z.string().nullable().describe("Why it failed."),
  note: z.string().nullable(),
  width: z.int().nullable(),
  height: z.int().nullable(),
  seconds: z.number().nullable(),
  placeholder: z.string().nullable(),
  createdAt: timestamp,
  completedAt: timestamp.nullable(),
  readyAt: timestamp.nullable(),
});

/** An upload by itself. */
export const upload = summary.extend({
  url: z.string().nullable().describe("The file as it was uploaded."),
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

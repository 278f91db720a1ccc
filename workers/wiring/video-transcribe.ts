import type { Tx } from "../../infra/database.ts";
import { createTranscriber } from "../../infra/transcription.ts";
import { defineWorker } from "../core/index.ts";
import { transcribeVideo } from "../video-transcribe/handler.ts";
import { videoTranscribe } from "../video-transcribe/job.ts";
import { callsTo } from "./calls.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { openWorkspace } from "./media.ts";
import { createVideoRecords } from "./video-records.ts";

export const wire = async (infrastructure: Infrastructure) => {
  const inWorkspace = await openWorkspace(infrastructure);
  if (!inWorkspace) return undefined;
  const { transcriptionUrl: url, transcriptionKey: key, transcriptionModel: model } = infrastructure.config;
  const transcribe = url === "none" ? undefined : tracedTranscriber({ url, key, model });
  const { findUpload, saveSubtitles } = createVideoRecords(infrastructure.prisma);
  return defineWorker(
    videoTranscribe,
    transcribeVideo<Tx>({ findUpload, inWorkspace, transcribe, saveSubtitles }),
  );
};

const tracedTranscriber = (provider: Parameters<typeof createTranscriber>[0]) => {
  const transcribe = createTranscriber(provider);
  const calling = callsTo("transcription", provider.url);
  return (wav: Buffer, signal: AbortSignal) => calling(() => transcribe(wav, signal));
};

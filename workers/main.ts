import { createServer } from "node:http";
import { buffer, text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { loadConfigOrExit } from "../infra/config.ts";
import { openDatabase, type Tx } from "../infra/database.ts";
import { closeOnSignal } from "../infra/lifecycle.ts";
import { createLinks } from "../infra/links.ts";
import { createLogger } from "../infra/logging.ts";
import { createMailer } from "../infra/mail.ts";
import { findBinaries } from "../infra/media/binaries.ts";
import { createFfmpeg } from "../infra/media/ffmpeg.ts";
import { sweepFolders } from "../infra/media/folder.ts";
import { createInWorkspace, type InWorkspace } from "../infra/media/workspace.ts";
import { openStorage } from "../infra/storage/open.ts";
import { ObjectMissingError } from "../infra/storage/storage.ts";
import { createRenderer } from "../infra/templates.ts";
import { createTranscriber } from "../infra/transcription.ts";
import { createVideos } from "./wiring/video-records.ts";
import { openBroker } from "./core/broker.ts";
import { defineWorker, type Worker } from "./core/job.ts";
import { throttledWarn } from "./core/log.ts";
import { startRelay } from "./core/relay.ts";
import { startSweep } from "./core/sweep.ts";
import { startWorkers } from "./core/worker.ts";
import { sendEmail } from "./email/handler.ts";
import { email } from "./email/job.ts";
import { imageResize } from "./image-resize/job.ts";
import { purgeUpload } from "./upload-purge/handler.ts";
import { uploadPurge } from "./upload-purge/job.ts";
import { encodeVideo } from "./video-encode/handler.ts";
import { videoEncode } from "./video-encode/job.ts";
import { packageVideo } from "./video-package/handler.ts";
import { videoPackage } from "./video-package/job.ts";
import { publishVideo } from "./video-publish/handler.ts";
import { videoPublish } from "./video-publish/job.ts";
import { takePoster } from "./video-thumbnails/handler.ts";
import { videoThumbnails } from "./video-thumbnails/job.ts";
import { transcribeVideo } from "./video-transcribe/handler.ts";
import { videoTranscribe } from "./video-transcribe/job.ts";

const config = loadConfigOrExit("worker");
const log = createLogger("worker", config.logLevel);
const database = openDatabase(config.databaseUrl, 20, throttledWarn(log, "database"));
const broker = openBroker(config.queueUrl, config.queuePrefix, throttledWarn(log, "broker"));

const storage = await openStorage(config);

const { prisma } = database;
const closing: (() => void)[] = [];

const videos = createVideos(prisma);
const findUpload = videos.find;
const readText = async (uploadId: string, path: string) =>
  text(await storage.read(`uploads/${uploadId}/${path}`));
const writeText = (uploadId: string, path: string, content: string, contentType: string) =>
  storage.write(`uploads/${uploadId}/${path}`, Buffer.from(content), contentType);

const openWorkspace = async (): Promise<InWorkspace | undefined> => {
  const found = await findBinaries(config);
  if ("missing" in found) {
    log.warn({}, `${found.missing} Until then, jobs on videos wait for a worker that has it.`);
    return undefined;
  }
  await sweepFolders();
  return createInWorkspace(storage, createFfmpeg(found));
};

let workspace: ReturnType<typeof openWorkspace> | undefined;
const withFfmpeg = (make: (inWorkspace: InWorkspace) => Worker<Tx>) => async () => {
  const inWorkspace = await (workspace ??= openWorkspace());
  return inWorkspace && make(inWorkspace);
};

const noneIfMissing = (error: unknown) => {
  if (error instanceof ObjectMissingError) return undefined;
  throw error;
};

// The table: which job is done by which handler with what. A dedicated process builds only what it needs.
const modules = {
  email: () => {
    const mailer = createMailer(config.smtpUrl, config.mailFrom);
    closing.push(mailer.close);
    return defineWorker(
      email,
      sendEmail({
        findUser: (id) =>
          prisma.user.findUnique({
            where: { id },
            select: { email: true, name: true, verifiedAt: true, zone: true, notifyByMail: true },
          }),
        findVerification: (id) => prisma.emailVerification.findUnique({ where: { id } }),
        findReset: (id) => prisma.passwordReset.findUnique({ where: { id } }),
        findSession: (id) => prisma.session.findUnique({ where: { id } }),
        links: createLinks(config.publicUrl, config.appSecret),
        render: createRenderer(fileURLToPath(new URL("../templates/compiled", import.meta.url))),
        send: mailer.send,
      }),
    );
  },

  "image-resize": async () => {
    const { resizeImage } = await import("./image-resize/handler.ts"); // sharp takes 25 MB
    return defineWorker(
      imageResize,
      resizeImage<Tx>({
        findUpload: (id) => prisma.upload.findUnique({ where: { id }, select: { id: true } }),
        read: (id, path) => storage.read(`uploads/${id}/${path}`).then(buffer, noneIfMissing),
        write: (id, path, body, type) => storage.write(`uploads/${id}/${path}`, body, type),
        publish: async (tx, { uploadId, isUpload, folder, files, width, height, placeholder }) => {
          const role = isUpload ? ("VARIANT" as const) : ("POSTER" as const);
          await tx.uploadFile.deleteMany({ where: { uploadId, path: { startsWith: `${folder}/` } } });
          await tx.uploadFile.createMany({ data: files.map((file) => ({ uploadId, role, ...file })) });
          if (!isUpload) return;
          const ready = { state: "READY" as const, problem: null, readyAt: new Date() };
          await tx.upload.update({ where: { id: uploadId }, data: { width, height, placeholder, ...ready } });
        },
        reject: (id, problem) =>
          prisma.upload.updateMany({ where: { id }, data: { state: "FAILED", problem } }),
      }),
    );
  },

  "upload-purge": () =>
    defineWorker(
      uploadPurge,
      purgeUpload({
        forgetIfAwaited: async (id) =>
          void (await prisma.upload.deleteMany({ where: { id, state: "AWAITING" } })),
        isThere: async (id) => (await prisma.upload.count({ where: { id } })) > 0,
        list: storage.list,
        remove: storage.remove,
      }),
    ),

  "video-encode": withFfmpeg((inWorkspace) =>
    defineWorker(videoEncode, encodeVideo({ findUpload, refuse: videos.refuse, inWorkspace })),
  ),

  "video-package": () =>
    defineWorker(
      videoPackage,
      packageVideo<Tx>({ findUpload, write: writeText, saveVideo: videos.saveVideo }),
    ),

  "video-publish": () =>
    defineWorker(
      videoPublish,
      publishVideo<Tx>({
        findUpload,
        findSubtitles: videos.findSubtitles,
        read: readText,
        write: writeText,
        publish: videos.publish,
      }),
    ),

  "video-thumbnails": withFfmpeg((inWorkspace) =>
    defineWorker(videoThumbnails, takePoster({ findUpload, inWorkspace })),
  ),

  "video-transcribe": withFfmpeg((inWorkspace) => {
    const { transcriptionUrl: url, transcriptionKey: key, transcriptionModel: model } = config;
    const transcribe = url === "none" ? undefined : createTranscriber({ url, key, model });
    const { saveSubtitles } = videos;
    return defineWorker(
      videoTranscribe,
      transcribeVideo<Tx>({ findUpload, inWorkspace, transcribe, saveSubtitles }),
    );
  }),
};

const chosen = config.workers ?? Object.keys(modules);
const unknown = chosen.filter((name) => !Object.hasOwn(modules, name));
if (unknown.length > 0) {
  console.error(
    `WORKERS: no module named ${unknown.join(", ")}. There are: ${Object.keys(modules).join(", ")}`,
  );
  process.exit(1);
}
const made = await Promise.all(chosen.map(async (name) => modules[name as keyof typeof modules]()));
const workers = made.filter((each) => each !== undefined);

let ready = false;
let stopping = false;
const health = createServer((_request, response) => void response.writeHead(ready ? 200 : 503).end());
if (config.healthPort !== undefined) health.listen(config.healthPort, config.host);
health.on("error", (error) => {
  log.fatal(
    { err: error },
    `cannot listen on port ${config.healthPort}: is it taken? Set HEALTH_PORT to another one`,
  );
  process.exit(1);
});

const start = async () => {
  // BullMQ's consumers never recover from a start without their server, so they are made when both servers answer.
  const warn = throttledWarn(log, "waiting for the database and the broker");
  for (const ping of [database.ping, broker.ping]) {
    while (!(await ping().then(() => true, warn))) {
      if (stopping) return undefined;
      await sleep(500);
    }
  }
  const relay = startRelay(database.jobs.sql, broker, log);
  const sweep = startSweep(database.jobs.sql, broker, log, relay.nudge);
  const running = startWorkers({ database: database.jobs, broker, workers, log, nudge: relay.nudge });
  ready = true;
  log.info({ worker: running.id, modules: workers.map(({ job }) => job.name) }, "working");
  return { relay, sweep, running };
};

const started = start();

closeOnSignal(log, async () => {
  stopping = true;
  health.close();
  const system = await started;
  await system?.running.close(config.shutdownGraceMs);
  await system?.sweep.close();
  await system?.relay.close();
  for (const close of closing) close();
  storage.close();
  await broker.close();
  await database.close();
});

import { createLinks } from "../../infra/links.ts";
import type { Tx } from "../../infra/database.ts";
import { generateReport } from "../report-generate/handler.ts";
import { reportGenerate } from "../report-generate/job.ts";
import { renderReport } from "../report-generate/render.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { defineReportingWorker } from "./last-failure.ts";
import { createReportData } from "./report-data.ts";
import { reportKey } from "../../infra/report-file.ts";
import { createReportRecords } from "./report-records.ts";

export const wire = ({ config, prisma, storage }: Infrastructure) => {
  const links = createLinks(config.publicUrl, config.appSecret);
  const records = createReportRecords(prisma);
  return defineReportingWorker(
    reportGenerate,
    generateReport<Tx>({
      ...records,
      data: createReportData(prisma, links.task),
      render: renderReport,
      write: (id, pdf) => storage.write(reportKey(id), pdf, "application/pdf"),
      remove: (id) => storage.remove([reportKey(id)]),
      projectUrl: links.project,
    }),
    (payload, jobId) => {
      const id = "reportId" in payload ? payload.reportId : jobId;
      return prisma.$transaction((tx) => records.fail(tx, id, null));
    },
  );
};

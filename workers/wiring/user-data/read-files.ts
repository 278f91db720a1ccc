import { reportFilename } from "../../../infra/report-file.ts";
import type { Row, StoredFolder } from "../../account-export/data.ts";
import { safeName, safeStem } from "../../account-export/names.ts";
import type { UserTable } from "./read-rows.ts";

const OWN = `t."userId" = $1::uuid`;

export const uploads: UserTable = {
  ...{ file: "uploads", title: "Uploads", about: "The images and videos that you have uploaded." },
  table: "Upload",
  columns: [
    ...(["id", "filename", ["kind", "t.kind::text"], ["state", "t.state::text"], "contentType"] as const),
    ...([["bytes", "t.bytes::float8"], "width", "height", "seconds", "problem", "note"] as const),
    ...["createdAt", "completedAt", "readyAt"],
    ["files", `(SELECT coalesce(json_agg(f.path), '[]') FROM "UploadFile" f WHERE f."uploadId" = t.id)`],
  ],
  omitted: { userId: "it is the same in all rows", placeholder: "a tiny copy of the picture" },
  where: OWN,
  folder: (row) => uploadFolder(row),
};

export const uploadFiles: UserTable = {
  ...{ file: "upload-files", title: "Versions of uploads" },
  about: "The sizes, renditions, posters and subtitles that were made of your uploads.",
  table: "UploadFile",
  columns: [
    ...["uploadId", "path"],
    ...([["role", "t.role::text"], "contentType", ["bytes", "t.bytes::float8"]] as const),
    ...["width", "height"],
  ],
  join: `JOIN "Upload" u ON u.id = t."uploadId"`,
  where: `u."userId" = $1::uuid`,
  key: [
    ["u.id", "uuid"],
    ["t.path", "text"],
  ],
};

export const reports: UserTable = {
  ...{ file: "reports", title: "Reports", about: "The reports that you have asked for." },
  table: "Report",
  columns: [
    ...(["id", "projectId", ["project", "p.name"], ["period", "t.period::text"], "sprintId"] as const),
    ...([
      ["sprint", "s.name"],
      ["firstDay", `t."firstDay"::text`],
      ["lastDay", `t."lastDay"::text`],
    ] as const),
    ...(["zone", "attach", "scheduleId", "slot", ["state", "t.state::text"], "problem", "pages"] as const),
    ...["bytes", "createdAt", "readyAt"],
  ],
  omitted: { userId: "it is the same in all rows" },
  // Of projects that the user has left, without names and files: the user may no longer read them.
  join: `LEFT JOIN "ProjectMember" m ON m."projectId" = t."projectId" AND m."userId" = t."userId"
    LEFT JOIN "Project" p ON p.id = m."projectId" LEFT JOIN "Sprint" s ON s.id = t."sprintId" AND p.id IS NOT NULL`,
  where: OWN,
  folder: (row) => (row["project"] === null ? undefined : reportFolder(row)),
};

export const exports: UserTable = {
  ...{ file: "exports", title: "Exports", about: "The exports like this one that you have asked for." },
  table: "AccountExport",
  columns: [
    ...(["id", ["state", "t.state::text"], "problem", ["bytes", "t.bytes::float8"]] as const),
    ...["createdAt", "readyAt", "expiresAt"],
  ],
  omitted: { userId: "it is the same in all rows" },
  where: OWN,
};

const uploadFolder = (row: Row): StoredFolder => {
  const { id, filename, state, files } = row as {
    id: string;
    filename: string;
    state: string;
    files: string[];
  };
  return {
    prefix: `uploads/${id}/`,
    path: `uploads/${safeStem(filename)} ${id}`,
    place: (name) => (name === "source" ? `original/${safeName(filename)}` : `versions/${name}`),
    expected: state === "AWAITING" ? [] : ["source", ...files],
  };
};

interface ReportRow {
  id: string;
  state: string;
  period: "DAY" | "WEEK" | "MONTH" | "SPRINT";
  firstDay: string;
  lastDay: string;
  project: string;
  sprint: string | null;
}

const reportFolder = (row: Row): StoredFolder => {
  const { id, state, period, firstDay, lastDay, project, sprint } = row as Row & ReportRow;
  const filename = reportFilename({
    ...{ period, firstDay: new Date(firstDay), lastDay: new Date(lastDay) },
    ...{ project: { name: project }, sprint: sprint === null ? null : { name: sprint } },
  });
  return {
    prefix: `reports/${id}/`,
    path: `reports/${safeStem(filename)} ${id}`,
    place: (name) => (name === "report.pdf" ? safeName(filename) : `other/${name}`),
    expected: state === "READY" ? ["report.pdf"] : [],
  };
};

import type { ReportContent, TableName, TaskRow } from "../content.ts";
import { CHART_HEIGHT } from "./chart.ts";
import { drawBurnDown } from "./burn-down.ts";
import { createDates } from "./dates.ts";
import { type Opened, openDocument } from "./document.ts";
import { beginSection, note, NOTE_HEIGHT } from "./heading.ts";
import { drawKeyFigures } from "./key-figures.ts";
import { drawMasthead } from "./masthead.ts";
import { drawPeople } from "./people.ts";
import type { Sheet, Tag } from "./sheet.ts";
import { drawTasks } from "./tasks.ts";
import { bucketsPerBar, drawThroughput } from "./throughput.ts";

/** What a report is drawn from and sent to. */
export interface Surroundings {
  read(table: TableName): AsyncIterable<TaskRow[]>;
  /** Resolves when more may be sent. */
  send(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Called with the number of rows drawn so far. */
  progress(done: number): void;
}

const TABLES: readonly TableName[] = ["overdue", "pending", "done"];

/** Draws a report, and sends it page by page. Resolves with the number of pages. */
export const drawReport = async (
  content: ReportContent,
  { read, send, progress }: Surroundings,
): Promise<number> => {
  const dates = createDates(content.zone);
  const calendar = { dates, today: dates.dayOf(content.generatedAt) };
  const { doc, sheet, end } = openDocument(content, dates.time(content.generatedAt));
  const root = doc.struct("Document");
  doc.addStructure(root);
  drawMasthead(sheet, root, content, dates);
  drawKeyFigures(sheet, root, content);
  drawChart(sheet, root, content, calendar.today);
  drawPeople(sheet, root, content);
  let before = 0;
  for (const table of TABLES) {
    let done = before;
    await drawTasks(sheet, root, table, content, calendar, read(table), async (rows) => {
      progress((done = before + rows));
      await flush(doc, send);
    });
    before = done;
  }
  root.end();
  end();
  await flush(doc, send);
  return sheet.pages;
};

const drawChart = (sheet: Sheet, root: Tag, { chart }: ReportContent, today: string): void => {
  const empty = isEmpty(chart);
  const title = chart.kind === "burn-down" ? "Burn-down" : "Throughput";
  const remark = empty ? "" : remarkOn(chart);
  const section = beginSection(sheet, root, title, remark, empty ? NOTE_HEIGHT : CHART_HEIGHT);
  if (empty) note(sheet, section, EMPTY[chart.kind]);
  else if (chart.kind === "burn-down") drawBurnDown(sheet, section, chart, today);
  else drawThroughput(sheet, section, chart);
  section.end();
};

const EMPTY = {
  "burn-down": "No task is in the sprint.",
  throughput: "No task was done or opened in this period.",
} as const;

const isEmpty = (chart: ReportContent["chart"]): boolean =>
  chart.kind === "burn-down"
    ? chart.days.every(({ remaining, ideal }) => !remaining && ideal === 0)
    : chart.buckets.every(({ done, opened }) => done === 0 && opened === 0);

const remarkOn = (chart: ReportContent["chart"]): string => {
  if (chart.kind === "burn-down") return `In ${chart.unit}, at the end of each day`;
  const size = bucketsPerBar(chart);
  return size > 1 ? `Tasks done and opened, ${size} days to a bar` : "Tasks done and opened";
};

/** Sends what pdfkit has written. */
const flush = async (doc: Opened["doc"], send: Surroundings["send"]): Promise<void> => {
  const bytes = doc.read() as Uint8Array | null;
  if (bytes) await send(new Uint8Array(bytes));
};

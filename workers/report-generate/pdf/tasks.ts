import { MAX_ROWS, type ReportContent, type TableName, type TaskRow } from "../content.ts";
import { type Dates, dayLabel, daysBetween } from "./dates.ts";
import { beginSection, note, NOTE_HEIGHT } from "./heading.ts";
import { link } from "./link.ts";
import { drawState } from "./shapes.ts";
import { child, type Sheet, type Tag } from "./sheet.ts";
import { CONTENT_WIDTH, PAGE, SIZE } from "./style.ts";
import { beginTable, type Column, TABLE_START } from "./table.ts";

export interface Calendar {
  readonly dates: Dates;
  /** The date on which the report was generated, in its zone. */
  readonly today: string;
}

const numbers = new Intl.NumberFormat("en-GB");
const TITLES = { done: "Done", pending: "Pending", overdue: "Overdue" } as const;
const NONE = {
  done: "No task was completed.",
  pending: "No task is pending.",
  overdue: "No task is overdue.",
} as const;
const STATES = { TODO: "To do", DOING: "In progress", DONE: "Done" } as const;

/**
 * Draws a table of tasks as they are read. Waits for `drawn`, which gets the number of rows so far, after each page.
 */
export const drawTasks = async (
  sheet: Sheet,
  parent: Tag,
  name: TableName,
  { counts, links }: ReportContent,
  calendar: Calendar,
  batches: AsyncIterable<TaskRow[]>,
  drawn: (rows: number) => Promise<void>,
): Promise<void> => {
  const title = TITLES[name];
  const section = beginSection(
    sheet,
    parent,
    title,
    countOf(counts[name]),
    counts[name] > 0 ? TABLE_START : NOTE_HEIGHT,
  );
  const columns = COLUMNS[name](sheet, calendar);
  let table: ReturnType<typeof beginTable<TaskRow>> | undefined;
  let rows = 0;
  let page = sheet.pages;
  if (counts[name] > 0) {
    for await (const batch of batches) {
      for (const row of batch.slice(0, MAX_ROWS - rows)) {
        (table ??= beginTable(sheet, section, title, columns)).row(row);
        rows++;
        if (sheet.pages !== page) await drawn(rows);
        page = sheet.pages;
      }
      if (rows >= MAX_ROWS) break;
    }
  }
  await drawn(rows);
  table?.end();
  if (rows === 0) note(sheet, section, NONE[name]);
  else if (counts[name] > rows) drawRest(sheet, section, counts[name] - rows, links.project);
  section.end();
};

const countOf = (count: number): string => (count === 1 ? "1 task" : `${numbers.format(count)} tasks`);

const drawRest = (sheet: Sheet, parent: Tag, rest: number, url: string): void => {
  if (!sheet.fits(26)) sheet.nextPage();
  const text = `And ${numbers.format(rest)} more in the project`;
  const paragraph = child(sheet, parent, "P");
  const box = { x: PAGE.left, y: sheet.y + 4, width: CONTENT_WIDTH, height: 16 };
  link(sheet, paragraph, { url, text, box }, () => {
    sheet.text(text, PAGE.left, sheet.y + 16, { size: SIZE.body, ink: "accent", weight: "bold" });
  });
  paragraph.end();
  sheet.y += 26;
};

const titleColumn = (sheet: Sheet): Column<TaskRow> => ({
  title: "Task",
  width: 0,
  align: "left",
  cell: ({ title, url, state }) => ({
    text: title,
    url,
    mark: { indent: 15, draw: (x, middle) => drawState(sheet, state, x + 4, middle) },
  }),
});

const stateColumn: Column<TaskRow> = {
  title: "State",
  width: 50,
  align: "left",
  cell: ({ state }) => ({ text: STATES[state], ink: "muted" }),
};

const assigneeColumn: Column<TaskRow> = {
  title: "Assignee",
  width: 84,
  align: "left",
  cell: ({ assignee }) => (assignee === null ? { text: "Unassigned", ink: "muted" } : { text: assignee }),
};

const pointsColumn: Column<TaskRow> = {
  title: "Points",
  width: 30,
  align: "right",
  cell: ({ estimate }) => ({
    text: estimate === null ? "–" : String(estimate),
    ink: estimate === null ? "muted" : "ink",
  }),
};

const dueColumn = (today: string): Column<TaskRow> => ({
  title: "Due",
  width: 56,
  align: "right",
  cell: ({ dueOn }) => {
    if (dueOn === null) return { text: "–", ink: "muted" };
    return { text: dayLabel(dueOn, today), ink: dueOn < today ? "bad" : "ink" };
  },
});

const lateColumn = (today: string): Column<TaskRow> => ({
  title: "Late by",
  width: 42,
  align: "right",
  cell: ({ dueOn }) => {
    const days = dueOn === null ? 0 : daysBetween(dueOn, today);
    return days > 0
      ? { text: days === 1 ? "1 day" : `${numbers.format(days)} days`, ink: "bad" }
      : { text: "–", ink: "muted" };
  },
});

const completedColumn = ({ shortTime }: Dates): Column<TaskRow> => ({
  title: "Completed",
  width: 76,
  align: "right",
  cell: ({ completedAt }) => ({ text: completedAt === null ? "–" : shortTime(completedAt) }),
});

const COLUMNS: Record<TableName, (sheet: Sheet, calendar: Calendar) => Column<TaskRow>[]> = {
  done: (sheet, { dates }) => [titleColumn(sheet), assigneeColumn, completedColumn(dates), pointsColumn],
  pending: (sheet, { today }) => [
    titleColumn(sheet),
    stateColumn,
    assigneeColumn,
    dueColumn(today),
    pointsColumn,
  ],
  overdue: (sheet, { today }) => [
    titleColumn(sheet),
    stateColumn,
    assigneeColumn,
    dueColumn(today),
    lateColumn(today),
    pointsColumn,
  ],
};

import type { Person, ReportContent } from "../content.ts";
import { beginSection, note } from "./heading.ts";
import type { Sheet, Tag } from "./sheet.ts";
import { beginTable, type Column, TABLE_START } from "./table.ts";

const numbers = new Intl.NumberFormat("en-GB");
const MAX_PEOPLE = 200;
const BAR = 110;

/** What each person did, in the order given. */
export const drawPeople = (sheet: Sheet, parent: Tag, { people }: ReportContent): void => {
  const section = beginSection(sheet, parent, "People", "", TABLE_START);
  if (people.length === 0) note(sheet, section, "No one worked on a task in this period.");
  else {
    const most = Math.max(1, ...people.map(({ done }) => done));
    const table = beginTable(sheet, section, "People", columns(sheet, most));
    for (const person of people.slice(0, MAX_PEOPLE)) table.row(person);
    table.end();
    const more = people.length - MAX_PEOPLE;
    if (more > 0) note(sheet, section, `And ${numbers.format(more)} more.`);
  }
  section.end();
};

const columns = (sheet: Sheet, most: number): Column<Person>[] => [
  { title: "Name", width: 0, align: "left", isRowHeader: true, cell: ({ name }) => ({ text: name }) },
  {
    title: "Done",
    width: BAR + 34,
    align: "left",
    cell: ({ done }) => ({ text: numbers.format(done), mark: bar(sheet, done / most, done) }),
  },
  { title: "In progress", width: 56, align: "right", cell: ({ doing }) => ({ text: numbers.format(doing) }) },
  {
    title: "Overdue",
    width: 46,
    align: "right",
    cell: ({ overdue }) => ({ text: numbers.format(overdue), ink: overdue > 0 ? "bad" : "ink" }),
  },
  { title: "Points", width: 46, align: "right", cell: ({ points }) => ({ text: numbers.format(points) }) },
];

/** The number follows the end of its bar. */
const bar = (sheet: Sheet, share: number, done: number) => {
  const length = done > 0 ? Math.max(2, share * BAR) : 0;
  return {
    indent: length > 0 ? length + 6 : 0,
    draw: (x: number, middle: number) => {
      if (length > 0) sheet.rectangle(x, middle - 3, length, 6, "accent");
    },
  };
};

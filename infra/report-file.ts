/** The storage key of a report's PDF. */
export const reportKey = (reportId: string): string => `reports/${reportId}/report.pdf`;

interface NamedReport {
  period: "DAY" | "WEEK" | "MONTH" | "SPRINT";
  /** At midnight in UTC, as PostgreSQL's dates arrive. */
  firstDay: Date;
  lastDay: Date;
  project: { name: string };
  sprint: { name: string } | null;
}

/** The file name of a report for people, such as "Rocket - Week 47.pdf". */
export const reportFilename = (report: NamedReport): string =>
  `${report.project.name} - ${periodName(report)}.pdf`.toWellFormed().replaceAll(/[\p{Cc}\p{Cf}/\\]/gu, "_");

/** Such as "Week 47", "16 November 2026", "November 2026" or the name of the sprint. */
export const periodName = ({ period, firstDay, lastDay, sprint }: NamedReport): string => {
  if (period === "SPRINT") return sprint?.name ?? "Sprint";
  if (period === "MONTH") return format(firstDay, { month: "long", year: "numeric" });
  if (period === "DAY") return format(firstDay, DATE);
  // Only a week that begins on Monday has a number.
  if (firstDay.getUTCDay() === 1) return `Week ${weekOfYear(firstDay)}`;
  return `${format(firstDay, DATE)} to ${format(lastDay, DATE)}`;
};

const DATE = { day: "numeric", month: "long", year: "numeric" } as const;

const format = (date: Date, options: Intl.DateTimeFormatOptions) =>
  date.toLocaleString("en-GB", { ...options, timeZone: "UTC" });

const DAY = 86_400_000;

/** ISO 8601: week 1 is the one with the year's first Thursday. */
const weekOfYear = (monday: Date): number => {
  const thursday = new Date(monday.getTime() + 3 * DAY);
  const firstOfYear = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  return Math.floor((thursday.getTime() - firstOfYear) / (7 * DAY)) + 1;
};

import type { Person, ReportContent, TableName, TaskRow } from "../../workers/report-generate/content.ts";

/** A report and its rows, made from a seed: the same every time. */
export interface Sample {
  readonly content: ReportContent;
  readonly rows: Readonly<Record<TableName, readonly TaskRow[]>>;
}

const DAY = 86_400_000;

/** Mulberry32. */
const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
};

const VERBS = [
  "Add",
  "Fix",
  "Measure",
  "Describe",
  "Remove",
  "Review",
  "Translate",
  "Speed up",
  "Test",
  "Design",
];
const THINGS = [
  "the sign-up form",
  "invoices of cancelled orders",
  "search in closed conversations",
  "the weekly mail, so that it arrives before eight o'clock in every time zone",
  "uploads over slow connections",
  "dark mode",
  "export of time sheets as CSV",
  "keyboard navigation of the board, with focus that stays visible in both color schemes and on small screens",
  "the price list",
  "password reset",
  "rounding of taxes",
  "the status page",
];
const NAMES = [
  "Ada Lovelace",
  "Zoë Nowak",
  "Jürgen Groß",
  "María José Ruiz",
  "Θάλεια Παπά",
  "Ольга Иванова",
  "Sam Lee",
];
export const WORLD = [
  "سارة الأحمد",
  "דנה כהן",
  "अनन्या शर्मा",
  "สมชาย ใจดี",
  "王小明",
  "佐藤 さくら",
  "김민준",
  "Łucja Żółć",
  "Nguyễn Thị Ánh",
  "Zoe 👩‍🚀",
];
export const WORLD_TITLES = [
  "إصلاح صفحة الدفع (checkout) قبل 15 نوفمبر",
  "תיקון עמוד התשלום ב-Safari 18 [דחוף]",
  "भुगतान पृष्ठ को ठीक करें और रिपोर्ट भेजें",
  "แก้ไขหน้าชำระเงินให้ทำงานได้บนโทรศัพท์มือถือทุกรุ่นก่อนสิ้นเดือนนี้",
  "修复付款页面，并在发布之前测试所有浏览器的兼容性。",
  "支払いページを修正し、リリース前にすべてのブラウザーで確認する",
  "결제 페이지를 수정하고 출시 전에 모든 브라우저에서 확인하기",
  "🚀 Launch the café’s naïve façade — v2.0 ✅",
  "Исправить страницу оплаты до релиза",
  "Διόρθωση της σελίδας πληρωμής",
];

const pick = <Item>(items: readonly Item[], at: number): Item => items[Math.floor(at * items.length)] as Item;

interface Options {
  readonly names?: readonly string[];
  readonly titles?: readonly string[];
}

const row = (
  name: TableName,
  index: number,
  next: () => number,
  today: number,
  options: Options,
): TaskRow => {
  const isDone = name === "done";
  const title =
    options.titles?.[index % options.titles.length] ?? `${pick(VERBS, next())} ${pick(THINGS, next())}`;
  const due =
    name === "overdue" ? today - DAY * Math.ceil(next() * 20) : today + DAY * Math.floor(next() * 40);
  return {
    title,
    state: isDone ? "DONE" : next() < 0.4 ? "DOING" : "TODO",
    assignee: next() < 0.1 ? null : (options.names?.[index % options.names.length] ?? pick(NAMES, next())),
    dueOn: next() < 0.2 && name !== "overdue" ? null : new Date(due).toISOString().slice(0, 10),
    completedAt: isDone ? new Date(today - next() * 20 * DAY).toISOString() : null,
    estimate: next() < 0.2 ? null : pick([1, 2, 3, 5, 8, 13], next()),
    url: `https://app.example.com/projects/apollo/tasks/${name}-${index}`,
  };
};

/** Rows of a table, made as they are read. */
export function* rowsOf(name: TableName, count: number, options: Options = {}): Generator<TaskRow> {
  const next = random(count + name.length);
  for (let index = 0; index < count; index++) yield row(name, index, next, Date.parse("2026-11-27"), options);
}

const people = (names: readonly string[], seed: number): Person[] => {
  const next = random(seed);
  return names
    .map((name) => {
      const done = Math.floor(next() * 24);
      return {
        name,
        done,
        doing: Math.floor(next() * 5),
        overdue: Math.floor(next() * 3),
        points: done * 2 + 3,
      };
    })
    .toSorted((one, other) => other.done - one.done);
};

/** A report of the given size with everything else plain. */
export const sample = (
  counts: Readonly<Record<TableName, number>>,
  content: Partial<ReportContent> = {},
  options: Options = {},
): Sample => ({
  content: {
    project: "Apollo",
    period: {
      kind: "WEEK",
      label: "Week 47, 16 to 22 November 2026",
      firstDay: "2026-11-16",
      lastDay: "2026-11-22",
      previousLabel: "Week 46, 9 to 15 November 2026",
    },
    zone: "Europe/Warsaw",
    requestedBy: "Ada Lovelace",
    generatedAt: "2026-11-27T13:05:00Z",
    links: { project: "https://app.example.com/projects/apollo" },
    figures: {
      done: { now: 42, before: 30 },
      opened: { now: 37, before: 41 },
      overdue: { now: 5, before: 3 },
      cycleTime: { now: 51, before: 76 },
    },
    chart: { kind: "throughput", buckets: throughput(7, "2026-11-16") },
    people: people(options.names ?? NAMES, 1),
    counts: { ...counts },
    ...content,
  },
  rows: {
    done: [...rowsOf("done", counts.done, options)],
    pending: [...rowsOf("pending", counts.pending, options)],
    overdue: [...rowsOf("overdue", counts.overdue, options)],
  },
});

/** Fewer tasks on weekends. */
export const throughput = (days: number, from: string) => {
  const next = random(days);
  return Array.from({ length: days }, (_, index) => {
    const day = new Date(Date.parse(from) + index * DAY);
    const pace = day.getUTCDay() % 6 === 0 ? 0.15 : 1;
    const label = day.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
    return { label, done: Math.round(next() * 9 * pace), opened: Math.round(next() * 8 * pace) };
  });
};

/** Until `today`, work shrinks a little slower than planned, and grows once. */
export const burnDown = (
  days: number,
  from: string,
  today: string,
  points: number,
): ReportContent["chart"] => {
  const next = random(points);
  let remaining = points;
  return {
    kind: "burn-down",
    unit: "points",
    days: Array.from({ length: days }, (_, index) => {
      const date = new Date(Date.parse(from) + index * DAY);
      const day = date.toISOString().slice(0, 10);
      if (index > 0 && date.getUTCDay() % 6 !== 0)
        remaining -= Math.round((next() * 2 * points * 1.2) / days);
      if (index === Math.floor(days / 3)) remaining += Math.round(points / 12);
      remaining = Math.max(0, remaining);
      return {
        day,
        remaining: day <= today ? remaining : null,
        ideal: points * (1 - index / Math.max(1, days - 1)),
      };
    }),
  };
};

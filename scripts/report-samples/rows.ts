import type { TableName, TaskRow } from "../../workers/report-generate/content.ts";

export const DAY = 86_400_000;

/** When the sample reports are generated. */
export const NOW = Date.parse("2026-11-27T13:05:00Z");
const TODAY = Date.parse("2026-11-27");

/** Mulberry32. */
export const random = (seed: number) => () => {
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
export const NAMES = [
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

export interface Options {
  readonly names?: readonly string[];
  readonly titles?: readonly string[];
  /** In which the tasks are done. */
  readonly period?: { readonly firstDay: string; readonly lastDay: string };
}

/** In the hours of work of a weekday of the period, if it has one before now. */
const completion = (next: () => number, { firstDay, lastDay }: NonNullable<Options["period"]>): number => {
  const first = Date.parse(firstDay);
  const days = Math.max(1, (Math.min(Date.parse(lastDay), TODAY - DAY) - first) / DAY + 1);
  const day = first + DAY * Math.floor(next() * days);
  const isWeekend = new Date(day).getUTCDay() % 6 === 0;
  return day - (isWeekend && day - 2 * DAY >= first ? 2 * DAY : 0) + DAY * (0.3 + next() * 0.4);
};

const DEFAULT_PERIOD = { firstDay: "2026-11-16", lastDay: "2026-11-22" };

const row = (name: TableName, index: number, next: () => number, options: Options): TaskRow => {
  const isDone = name === "done";
  const title =
    options.titles?.[index % options.titles.length] ?? `${pick(VERBS, next())} ${pick(THINGS, next())}`;
  const due =
    name === "overdue" ? TODAY - DAY * Math.ceil(next() * 20) : TODAY + DAY * Math.floor(next() * 40);
  return {
    title,
    state: isDone ? "DONE" : next() < 0.4 ? "DOING" : "TODO",
    assignee: next() < 0.1 ? null : (options.names?.[index % options.names.length] ?? pick(NAMES, next())),
    dueOn: next() < 0.2 && name !== "overdue" ? null : new Date(due).toISOString().slice(0, 10),
    completedAt: isDone ? new Date(completion(next, options.period ?? DEFAULT_PERIOD)).toISOString() : null,
    estimate: next() < 0.2 ? null : pick([1, 2, 3, 5, 8, 13], next()),
    url: `https://app.example.com/projects/apollo/tasks/${name}-${index}`,
  };
};

/** Rows of a table, made as they are read, in no order. */
export function* rowsOf(name: TableName, count: number, options: Options = {}): Generator<TaskRow> {
  const next = random(count + name.length);
  for (let index = 0; index < count; index++) yield row(name, index, next, options);
}

/** Rows in the order of a report: of completion, or of due dates. */
export const sortedRows = (name: TableName, count: number, options: Options): TaskRow[] => {
  const at = ({ completedAt, dueOn }: TaskRow) => completedAt ?? dueOn ?? "9999";
  return [...rowsOf(name, count, options)].toSorted((one, other) => (at(one) < at(other) ? -1 : 1));
};

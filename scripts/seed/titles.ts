import type { Dice } from "./dice.ts";
import type { ProjectPlan } from "./projects.ts";

/** Titles of tasks as a product team writes them, all different within a project. */
export const createTitles = (dice: Dice, plan: ProjectPlan) => {
  const used = new Set<string>();
  const make = () => (dice.chance(0.04) ? dice.pick(foreign) : dice.weighted(kinds)(dice, plan));
  return (): string => {
    let title = make();
    while (used.has(title)) title = make();
    used.add(title);
    return title;
  };
};

type Sentence = (dice: Dice, plan: ProjectPlan) => string;

const bug: Sentence = ({ pick, chance }, { areas }) =>
  `Fix ${pick(symptoms)} in ${pick(areas)}${chance(0.5) ? ` ${pick(contexts)}` : ""}`;
const addition: Sentence = ({ pick, chance }, { areas, things, users }) =>
  `${pick(["Add", "Design", "Prototype", "Test"])} ${pick(things)} ${pick(["in", "for"])} ${pick(areas)}${chance(0.2) ? ` for ${pick(users)}` : ""}`;
const story: Sentence = ({ pick, chance }, { users, actions }) =>
  `Let ${pick(users)} ${pick(actions)}${chance(0.3) ? ` ${pick(contexts)}` : ""}`;
const improvement: Sentence = ({ pick }, { areas }) =>
  `${pick(improvements)} ${pick(areas)} ${pick(contexts)}`;
const chore: Sentence = ({ pick }, { areas }) => `${pick(chores)} ${pick(areas)}`;
const decision: Sentence = ({ pick }, { things, areas }) =>
  `Decide on ${pick(things)} for ${pick(areas)} with ${pick(teams)}`;

const kinds = [
  [bug, 30],
  [addition, 25],
  [story, 15],
  [improvement, 14],
  [chore, 12],
  [decision, 4],
] as const;

const symptoms = [
  "a crash",
  "a wrong total",
  "a layout shift",
  "the lost focus",
  "a double submit",
  "missing translations",
  "the slow first load",
  "a flickering spinner",
  "an off-by-one day",
  "stale data",
  "a broken link",
  "unreadable contrast",
  "an endless retry",
  "the cut-off text",
];
const contexts = [
  "on small screens",
  "on iOS",
  "on Android",
  "in Safari",
  "in dark mode",
  "on slow connections",
  "after a time-out",
  "with right-to-left text",
  "for long names",
  "at month ends",
  "during the sale",
  "with a keyboard only",
];
const improvements = [
  "Speed up",
  "Simplify",
  "Measure",
  "Rewrite the copy of",
  "Improve the error messages of",
  "Reduce the requests of",
  "Add end-to-end tests for",
];
const chores = [
  "Remove the old code of",
  "Update the dependencies of",
  "Write a guide to",
  "Set up alerts for",
  "Review the accessibility of",
  "Move to the new design tokens in",
  "Clean up the feature flags of",
  "Record a baseline for",
  "Interview five users about",
  "Translate the new texts of",
];
const teams = ["the design team", "legal", "support", "finance", "the data team", "operations"];

const foreign = [
  "Naprawić zaokrąglanie kwot w podsumowaniu",
  "Przetłumaczyć komunikaty błędów formularza",
  "Zażółcić gęślą jaźń: test polskich znaków na etykietach",
  "Sprawdzić dostępność menu dla czytników ekranu",
  "إصلاح محاذاة النص في صفحة الدفع",
  "ترجمة رسائل البريد الإلكتروني إلى العربية",
  "مراجعة تنسيق التاريخ والأرقام 2026",
  "إضافة اختبار للكتابة من اليمين إلى اليسار",
  "תיקון יישור הכפתורים בעברית",
  "לבדוק את תבנית החשבונית בעברית (גרסה 2)",
  "הוספת תרגום לדף ההזמנות",
  "खोज परिणामों का हिंदी अनुवाद जाँचें",
  "भुगतान पृष्ठ की त्रुटि ठीक करें",
  "नए उपयोगकर्ताओं के लिए मार्गदर्शिका लिखें",
  "แก้ไขการตัดคำภาษาไทยบนใบเสร็จ",
  "ตรวจสอบการแปลหน้าชำระเงิน",
  "เพิ่มการค้นหาด้วยบาร์โค้ด",
  "修复结账页面的金额显示错误",
  "优化搜索结果的加载速度",
  "检查中文地址的格式",
  "領収書の日本語フォントを確認する",
  "検索結果の並び順を修正する",
  "返品画面の文言を見直す",
  "결제 화면의 오류 메시지 번역",
  "모바일 메뉴의 접근성 개선",
  "재고 화면 속도 개선",
  "Исправить перенос строк в счёте",
  "Перевести письма о доставке",
  "Проверить поиск по кириллице",
  "Додати українську мову до кошика",
  "🚀 Launch checklist for the autumn release",
  "Emoji in names break the label printer 🏷️",
];

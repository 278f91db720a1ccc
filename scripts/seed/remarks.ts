import type { Dice } from "./dice.ts";
import type { ProjectPlan } from "./projects.ts";

export const describe = (dice: Dice, { areas, users }: ProjectPlan): string =>
  dice.weighted([
    ["", 55],
    [`${dice.pick(users)} asked for this in the last interviews. Keep it small.`, 12],
    [`Seen in ${dice.pick(areas)}. Steps: open it, go back, open it again.`, 12],
    [`Part of the work on ${dice.pick(areas)}.\n\nDone when it is tested and documented.`, 12],
    ["See the design file. The copy is not final.", 9],
  ]);

export const remark = (dice: Dice, { areas }: ProjectPlan): string =>
  dice.weighted([
    [dice.pick(remarks), 80],
    [`Could this be the same cause as in ${dice.pick(areas)}?`, 10],
    [dice.pick(foreign), 10],
  ]);

const remarks = [
  "Reproduced on my phone.",
  "Merged, on staging since this morning.",
  "The review is done, two small questions inside.",
  "I need an answer from the design team before I can go on.",
  "Works for me now. Can somebody try it on an older device?",
  "Smaller than we thought, I changed the estimate.",
  "Larger than we thought: it touches the export too.",
  "Added a test that fails without the fix.",
  "Let us keep the old behaviour behind a flag for a week.",
  "Support had three tickets about this today.",
  "Paired on it, the last step is left for tomorrow.",
  "Looks good to me 👍",
];
const foreign = [
  "Sprawdzone, działa poprawnie.",
  "تم التحقق، يعمل بشكل جيد.",
  "בדקתי, נראה טוב.",
  "मैंने जाँच लिया, ठीक है।",
  "ทดสอบแล้ว ใช้งานได้",
  "已经测试，没有问题。",
  "確認しました。問題ありません。",
  "확인했습니다. 잘 작동합니다.",
  "Проверила, всё работает.",
];

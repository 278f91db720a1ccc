import { invalidField } from "../http/problem.ts";

const DAY = 86_400_000;
const LONGEST = 366;

/** @throws Problem for a sprint that ends before it starts, or is longer than a year */
export const checkSpan = ({ startsOn, endsOn }: { startsOn: Date; endsOn: Date }): void => {
  const days = (endsOn.getTime() - startsOn.getTime()) / DAY + 1;
  if (days < 1) throw invalidField("endsOn", "Enter the day of the start or a later one.");
  if (days > LONGEST) throw invalidField("endsOn", `A sprint has at most ${LONGEST} days.`);
};

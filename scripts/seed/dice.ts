import { seededRandom } from "../processes/random.ts";

/** Random choices, the same for the same seed. */
export const createDice = (seed: number) => {
  const next = seededRandom(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  const hex = (digits: number) => Array.from({ length: digits }, () => below(16).toString(16)).join("");

  return {
    next,
    chance: (probability: number) => next() < probability,
    between: (from: number, to: number) => from + next() * (to - from),
    pick: <Item>(items: readonly Item[]): Item => itemAt(items, below(items.length)),
    /** Chooses an item in proportion to its weight. */
    weighted: <Item>(items: readonly (readonly [item: Item, weight: number])[]): Item => {
      let left = next() * items.reduce((sum, [, weight]) => sum + weight, 0);
      const index = items.findIndex(([, weight]) => (left -= weight) < 0);
      return itemAt(items, Math.max(index, 0))[0];
    },
    /** A UUIDv7 of a moment. */
    uuid: (at: Date): string => {
      const time = at.getTime().toString(16).padStart(12, "0");
      return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-${(8 + below(4)).toString(16)}${hex(3)}-${hex(12)}`;
    },
  };
};

export type Dice = ReturnType<typeof createDice>;

const itemAt = <Item>(items: readonly Item[], index: number): Item => {
  const item = items[index];
  if (item === undefined) throw new Error("There is nothing to choose from.");
  return item;
};

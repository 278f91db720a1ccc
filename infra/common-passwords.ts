import list from "fxa-common-password-list";

/** Words of this product, which attackers add to their lists. A product that is made from this one has others. */
const PRODUCT_WORDS = ["offstage", "password"];

/** Characters that a password needs next to such a word. */
const LEAST = 6;

/**
 * Whether attackers try this password early: it is one of the 50,000 most common of at least 8 characters (3,318 of
 * them have 10 or more), or a word of this product with little else. Takes about 0.3 ms.
 */
export const isCommonPassword = (password: string): boolean => {
  const lower = password.toLowerCase();
  if (list.test(password) || list.test(lower)) return true;
  const rest = PRODUCT_WORDS.reduce((text, word) => text.replaceAll(word, ""), lower);
  return rest !== lower && rest.length < LEAST;
};

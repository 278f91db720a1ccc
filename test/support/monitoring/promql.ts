/**
 * The parts of an expression that must have data for it to mean something: what is between its set operators, without
 * comparisons with numbers. Understands what the project's rules and panels use, not all of PromQL.
 */
export const operandsOf = (expression: string): string[] => {
  const text = expression.replaceAll(/\s*(?:==|!=|>=|<=|>|<)\s*[\d.]+(?![\d.\w])/g, "").trim();
  const parts = splitAtSetOperators(text);
  if (parts.length > 1) return parts.flatMap(operandsOf);
  const inner = isEnclosed(text) ? text.slice(1, -1) : /^absent\((.*)\)$/s.exec(text)?.[1];
  return inner === undefined ? [text] : operandsOf(inner);
};

const SET_OPERATOR = /^\s(?:and|or|unless)\b(?:\s*(?:on|ignoring)\s*\([^)]*\))?/;

const splitAtSetOperators = (text: string): string[] => {
  const parts = [""];
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const operator = depth === 0 ? SET_OPERATOR.exec(text.slice(at)) : null;
    if (operator) {
      parts.push("");
      at += operator[0].length - 1;
      continue;
    }
    const character = text.charAt(at);
    if ("({[".includes(character)) depth += 1;
    if (")}]".includes(character)) depth -= 1;
    parts[parts.length - 1] += character;
  }
  return parts;
};

/** Whether the first parenthesis closes at the end. */
const isEnclosed = (text: string): boolean => {
  if (!text.startsWith("(")) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "(") depth += 1;
    if (text[at] === ")") depth -= 1;
    if (depth === 0) return at === text.length - 1;
  }
  return false;
};

/** The names of the metrics in an expression, each once. */
export const metricsOf = (expression: string): string[] => {
  const bare = expression
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"/g, " ")
    .replaceAll(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, " ");
  const words = bare.match(/[a-zA-Z_:][\w:]*(?!\s*\()\b(?!\s*\()/g) ?? [];
  return [...new Set(words)].filter((word) => !["and", "or", "unless"].includes(word));
};

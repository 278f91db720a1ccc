/** The shape of each phase: never colour alone. */
const GLYPHS = {
  ...{ scheduled: "◷", committed: "○", queued: "◐", running: "●", again: "↻", children: "⋔", turn: "⋮" },
  ...{ done: "✓", dead: "✕", cancelled: "–" },
};

export const glyphOf = (phase) => GLYPHS[phase] ?? "○";

const WORDS = {
  ...{ scheduled: "due later", committed: "in the ledger", queued: "with the broker", running: "running" },
  ...{ again: "waits to retry", children: "waits for its children", turn: "waits for its turn" },
  ...{ done: "done", dead: "dead letter", cancelled: "cancelled" },
};

export const wordsOf = (phase) => WORDS[phase] ?? phase;

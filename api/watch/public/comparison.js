/** One sentence for the status region, and for those who read no marks. */
export const comparison = (step, chosen, { outcome, text }) => {
  if (outcome === undefined) return `Not decided yet. ${text}`;
  if (chosen === undefined) return `${step.predict[outcome]}. ${text}`;
  return chosen === outcome
    ? `As you predicted. ${text}`
    : `Otherwise than predicted: ${lower(step.predict[outcome])}. ${text}`;
};

const lower = (text) => text.charAt(0).toLowerCase() + text.slice(1);

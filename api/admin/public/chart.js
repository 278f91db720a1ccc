const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 720;
const HEIGHT = 120;
/** Below the bars, for the days. */
const FOOT = 30;

const draw = (name, attributes, text) => {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
};

const dayOf = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const stepOf = {
  60: new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" }),
  1440: new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" }),
};

/** Draws a bar for each hour or day. The table next to it has the same in numbers. */
export const drawBars = ({ since, until, minutes, items }) => {
  const step = minutes * 60_000;
  const first = Date.parse(since);
  const steps = Math.ceil((Date.parse(until) - first) / step);
  const counts = Array.from({ length: steps }, () => 0);
  for (const { at, count } of items) {
    const index = Math.round((Date.parse(at) - first) / step);
    if (index < steps) counts[index] += count;
  }
  const most = Math.max(1, ...counts);
  const wide = WIDTH / steps;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const unit = minutes === 60 ? "hour" : "day";
  const picture = draw("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT + FOOT}`,
    role: "img",
    "aria-label": `${total} failed jobs by ${unit}, at most ${Math.max(...counts, 0)} in one ${unit}`,
  });
  picture.append(draw("line", { x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT, class: "axis" }));
  counts.forEach((count, index) => {
    const at = new Date(first + index * step);
    const height = count === 0 ? 0 : Math.max(2, (count / most) * (HEIGHT - 16));
    const bar = draw("rect", {
      x: index * wide + 1,
      y: HEIGHT - height,
      width: Math.max(1, wide - 2),
      height,
      rx: 1.5,
    });
    bar.append(draw("title", {}, `${stepOf[minutes].format(at)} UTC: ${count}`));
    picture.append(bar);
    const isDay = minutes === 60 ? at.getUTCHours() === 0 : index % Math.ceil(steps / 7) === 0;
    if (isDay) picture.append(draw("text", { x: index * wide + 1, y: HEIGHT + 24 }, dayOf.format(at)));
  });
  if (total > 0)
    picture.append(draw("text", { x: WIDTH, y: 14, "text-anchor": "end" }, `at most ${most} per ${unit}`));
  return picture;
};

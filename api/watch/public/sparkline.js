const POINTS = 60;
const WIDTH = 72;
const HEIGHT = 14;

/** Below this rate, the line stays low. */
const LEAST_PEAK = 4;

/** The rate of the last minute, as one path. */
export const createSparkline = (holder) => {
  const values = [];
  const svg = create("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" });
  const path = create("path", { fill: "none" });
  svg.append(path);
  holder.append(svg);
  return {
    add: (value) => {
      values.push(value);
      if (values.length > POINTS) values.shift();
      path.setAttribute("d", draw(values));
    },
  };
};

const draw = (values) => {
  const peak = Math.max(LEAST_PEAK, ...values);
  const points = values.map((value, index) => {
    const x = WIDTH - (values.length - 1 - index) * (WIDTH / (POINTS - 1));
    const y = HEIGHT - 1 - (value / peak) * (HEIGHT - 3);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  return `M${points.join("L")}`;
};

const create = (tag, attributes) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
};

import { disc, fillSky, rectangle, wave } from "./brush.js";

/** Samples are drawn by the browser: the page needs no files of its own, and each is a little different. */

export const PICTURES = [
  { id: "dunes", label: "Dunes", type: "image/jpeg" },
  { id: "harbour", label: "Harbour", type: "image/jpeg" },
  { id: "tiles", label: "Tiles", type: "image/png" },
];

const WIDTH = 1_600;
const HEIGHT = 1_067;

export const drawPicture = async (id, random = Math.random) => {
  const { label, type } = PICTURES.find((each) => each.id === id) ?? PICTURES[0];
  const canvas = paint(id, WIDTH, HEIGHT, random);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, type, 0.9));
  return new File([blob], `${label}.${type === "image/png" ? "png" : "jpg"}`, { type });
};

/** A small one for a button. */
export const thumbnail = (id) => paint(id, 96, 64, seeded(id.length));

const paint = (id, width, height, random) => {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  PAINTERS[id](canvas.getContext("2d"), width, height, random);
  return canvas;
};

const dunes = (brush, width, height, random) => {
  fillSky(brush, width, height, ["#2d1b4e", "#d9705f", "#f7c873"]);
  disc(brush, width * (0.3 + random() * 0.4), height * 0.42, height * 0.11, "#ffe9b8");
  for (let layer = 0; layer < 5; layer++)
    wave(brush, width, height, {
      top: 0.5 + layer * 0.1,
      rise: 0.07,
      turn: random() * 6,
      colour: `hsl(${18 + layer * 5} 55% ${46 - layer * 8}%)`,
    });
};

const harbour = (brush, width, height, random) => {
  fillSky(brush, width, height, ["#0f2a43", "#3f7d9b", "#e8d9c0"]);
  for (let house = 0; house < 14; house++) {
    const tall = height * (0.14 + random() * 0.22);
    const colour = `hsl(${[8, 28, 45, 190, 210][house % 5]} 52% ${48 + random() * 18}%)`;
    rectangle(brush, (house * width) / 14, height * 0.66 - tall, width / 14 - 3, tall, colour);
  }
  rectangle(brush, 0, height * 0.66, width, height * 0.34, "#17465e");
  for (let line = 0; line < 40; line++)
    rectangle(
      brush,
      random() * width,
      height * (0.68 + random() * 0.3),
      width * 0.06,
      3,
      "rgb(255 255 255 / 25%)",
    );
};

const tiles = (brush, width, height, random) => {
  const side = width / 12;
  for (let x = 0; x < 12; x++)
    for (let y = 0; y * side < height; y++) {
      rectangle(
        brush,
        x * side,
        y * side,
        side,
        side,
        `hsl(${200 + ((x * y) % 5) * 24} 45% ${30 + random() * 30}%)`,
      );
      disc(brush, (x + 0.5) * side, (y + 0.5) * side, side * (0.15 + random() * 0.3), "#f6e7cf");
    }
};

const PAINTERS = { dunes, harbour, tiles };

/** The same numbers each time, so that a button looks the same after a reload. */
const seeded = (seed) => {
  let state = seed * 7_919;
  return () => ((state = (state * 16_807) % 2_147_483_647), state / 2_147_483_647);
};

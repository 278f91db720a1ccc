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
    wave(brush, width, height, { top: 0.5 + layer * 0.1, rise: 0.07, turn: random() * 6, colour: `hsl(${18 + layer * 5} 55% ${46 - layer * 8}%)` });
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
    rectangle(brush, random() * width, height * (0.68 + random() * 0.3), width * 0.06, 3, "rgb(255 255 255 / 25%)");
};

const tiles = (brush, width, height, random) => {
  const side = width / 12;
  for (let x = 0; x < 12; x++)
    for (let y = 0; y * side < height; y++) {
      rectangle(brush, x * side, y * side, side, side, `hsl(${200 + ((x * y) % 5) * 24} 45% ${30 + random() * 30}%)`);
      disc(brush, (x + 0.5) * side, (y + 0.5) * side, side * (0.15 + random() * 0.3), "#f6e7cf");
    }
};

const PAINTERS = { dunes, harbour, tiles };

const fillSky = (brush, width, height, colours) => {
  const sky = brush.createLinearGradient(0, 0, 0, height);
  for (const [index, colour] of colours.entries()) sky.addColorStop(index / (colours.length - 1), colour);
  brush.fillStyle = sky;
  brush.fillRect(0, 0, width, height);
};

const rectangle = (brush, x, y, width, height, colour) => {
  brush.fillStyle = colour;
  brush.fillRect(x, y, width, height);
};

const disc = (brush, x, y, radius, colour) => {
  brush.fillStyle = colour;
  brush.beginPath();
  brush.arc(x, y, radius, 0, 2 * Math.PI);
  brush.fill();
};

const wave = (brush, width, height, { top, rise, turn, colour }) => {
  brush.fillStyle = colour;
  brush.beginPath();
  brush.moveTo(0, height);
  for (let x = 0; x <= width; x += 8)
    brush.lineTo(x, height * (top + rise * Math.sin((x / width) * 5 + turn)));
  brush.lineTo(width, height);
  brush.fill();
};

/** The same numbers each time, so that a button looks the same after a reload. */
const seeded = (seed) => {
  let state = seed * 7_919;
  return () => ((state = (state * 16_807) % 2_147_483_647), state / 2_147_483_647);
};

const SECONDS = 4;

/** Types that the API accepts and browsers record, the best first. */
const VIDEO_TYPES = ["video/mp4;codecs=avc1.42E01E,mp4a.40.2", "video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];

export const canRecord = () => videoType() !== undefined;

const videoType = () =>
  globalThis.MediaRecorder && VIDEO_TYPES.find((type) => MediaRecorder.isTypeSupported(type));

/** Records a moving picture with a tone for some seconds. */
export const recordVideo = async () => {
  const mimeType = videoType();
  if (!mimeType) throw new Error("This browser cannot record a video: choose a file of yours.");
  const canvas = Object.assign(document.createElement("canvas"), { width: 1_280, height: 720 });
  const scene = animate(canvas);
  const tone = startTone();
  const stream = new MediaStream([...canvas.captureStream(30).getTracks(), ...tone.tracks]);
  try {
    const blob = await record(stream, mimeType);
    const type = mimeType.split(";")[0];
    return new File([blob], `Lighthouse.${type.split("/")[1]}`, { type });
  } finally {
    scene.stop();
    await tone.stop();
  }
};

const record = (stream, mimeType) =>
  new Promise((resolve, reject) => {
    const parts = [];
    const recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: 1_500_000 });
    recorder.ondataavailable = ({ data }) => parts.push(data);
    recorder.onstop = () => resolve(new Blob(parts, { type: mimeType }));
    recorder.onerror = ({ error }) => reject(error);
    recorder.start();
    setTimeout(() => recorder.stop(), SECONDS * 1_000);
  });

const animate = (canvas) => {
  const brush = canvas.getContext("2d");
  const { width, height } = canvas;
  const draw = () => {
    const time = performance.now() / 1_000;
    fillSky(brush, width, height, ["#101434", "#28346b", "#e29a6a"]);
    disc(brush, width * (0.2 + 0.15 * time % 0.6), height * 0.25, 40, "#fff3d6");
    beam(brush, width * 0.7, height * 0.35, time);
    rectangle(brush, width * 0.69, height * 0.35, width * 0.02, height * 0.4, "#f4efe6");
    for (let layer = 0; layer < 3; layer++)
      wave(brush, width, height, { top: 0.72 + layer * 0.08, rise: 0.02, turn: time * (1 + layer), colour: `hsl(215 50% ${30 - layer * 8}%)` });
  };
  draw();
  const timer = setInterval(draw, 1_000 / 30);
  return { stop: () => clearInterval(timer) };
};

const beam = (brush, x, y, time) => {
  brush.fillStyle = "rgb(255 240 190 / 35%)";
  brush.beginPath();
  brush.moveTo(x, y);
  brush.arc(x, y, 700, time, time + 0.25);
  brush.fill();
};

/** Speech recognition needs sound: without it, a video has no subtitles. */
const startTone = () => {
  const audio = new AudioContext();
  const [oscillator, gain] = [audio.createOscillator(), audio.createGain()];
  const target = audio.createMediaStreamDestination();
  gain.gain.value = 0.1;
  oscillator.connect(gain).connect(target);
  oscillator.start();
  return { tracks: target.stream.getTracks(), stop: () => audio.close() };
};

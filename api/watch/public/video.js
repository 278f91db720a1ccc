import { disc, fillSky, rectangle, wave } from "./brush.js";
import { Refused } from "./refusals.js";

const SECONDS = 4;

/** Types that the API accepts and browsers record, the best first. */
const VIDEO_TYPES = [
  "video/mp4;codecs=avc1.42E01E,mp4a.40.2",
  "video/webm;codecs=vp8,opus",
  "video/webm",
  "video/mp4",
];

export const canRecord = () => videoType() !== undefined;

const videoType = () =>
  globalThis.MediaRecorder && VIDEO_TYPES.find((type) => MediaRecorder.isTypeSupported(type));

/** Records a moving picture with a tone for some seconds. */
export const recordVideo = async () => {
  const mimeType = videoType();
  if (!mimeType) throw new Refused("This browser cannot record a video: choose a file of yours.");
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
    disc(brush, width * (0.2 + ((0.15 * time) % 0.6)), height * 0.25, 40, "#fff3d6");
    beam(brush, width * 0.7, height * 0.35, time);
    rectangle(brush, width * 0.69, height * 0.35, width * 0.02, height * 0.4, "#f4efe6");
    for (let layer = 0; layer < 3; layer++)
      wave(brush, width, height, {
        top: 0.72 + layer * 0.08,
        rise: 0.02,
        turn: time * (1 + layer),
        colour: `hsl(215 50% ${30 - layer * 8}%)`,
      });
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

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { findBinaries } from "../infra/media/binaries.ts";

// Writes the video that the live page uploads: five seconds of moving colours with a tone, about 100 kB.

const target = fileURLToPath(new URL("../api/watch/public/samples/colours.mp4", import.meta.url));
const found = await findBinaries({});
if ("missing" in found) throw new Error(found.missing);

const PICTURE =
  "gradients=size=1280x720:rate=25:duration=5:speed=0.03:seed=7:nb_colors=5:" +
  "c0=0x101434:c1=0x28346b:c2=0xe29a6a:c3=0xd9705f:c4=0xf7c873";
const TONE = "sine=frequency=330:duration=5,volume=0.2";
const inputs = ["-f", "lavfi", "-i", PICTURE, "-f", "lavfi", "-i", TONE];
const picture = [
  "-c:v",
  "libx264",
  "-profile:v",
  "high",
  "-preset",
  "veryslow",
  "-crf",
  "30",
  "-pix_fmt",
  "yuv420p",
];
const sound = ["-c:a", "aac", "-b:a", "48k"];
const container = ["-movflags", "+faststart", "-map_metadata", "-1", "-fflags", "+bitexact"];

execFileSync(found.ffmpeg, ["-v", "error", "-y", ...inputs, ...picture, ...sound, ...container, target]);

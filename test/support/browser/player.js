// Page script: plays the stream named in the URL with hls.js and reports its state.
const video = document.querySelector("video");
const hls = new Hls({ enableWorker: false });
let problem;

hls.on("hlsError", (_event, { fatal, details }) => {
  if (fatal) problem = details;
});
hls.on("hlsManifestParsed", () => video.play());
video.textTracks.addEventListener("addtrack", ({ track }) => (track.mode = "showing"));
hls.loadSource(new URLSearchParams(location.search).get("stream"));
hls.attachMedia(video);

globalThis.playerState = () => ({
  currentTime: video.currentTime,
  height: video.videoHeight,
  levels: hls.levels.map(({ height }) => height),
  subtitles: hls.subtitleTracks.map(({ name, lang }) => `${name} ${lang}`),
  cues: [...video.textTracks].flatMap((track) =>
    [...(track.cues ?? [])].map(({ startTime, text }) => ({ startTime, text })),
  ),
  problem,
});

/** Plays a level from the start. */
globalThis.selectLevel = (level) => {
  hls.currentLevel = level;
  video.currentTime = 0;
  void video.play();
};

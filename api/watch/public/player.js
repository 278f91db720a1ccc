const HLS = "application/vnd.apple.mpegurl";

/** Lets a video play its playlist: natively, or with hls.js, which is loaded when it is needed. */
export const attach = async (video) => {
  const { playlist } = video.dataset;
  if (video.attached === playlist) return;
  video.attached = playlist;
  if (video.canPlayType(HLS)) return void (video.src = playlist);
  const { default: Hls } = await import("./hls.js");
  const player = new Hls({ enableWorker: false });
  player.loadSource(playlist);
  player.attachMedia(video);
};

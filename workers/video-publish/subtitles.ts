const names = new Intl.DisplayNames("en", { type: "language", fallback: "code" });

/** Adds subtitles to every rendition of a master playlist in the folder `hls` (RFC 8216, 4.3.4.1). */
export const withSubtitles = (master: string, path: string): string => {
  const tag = /([a-z]+)\.m3u8$/.exec(path)?.[1] ?? "und";
  const attributes = [
    ...["TYPE=SUBTITLES", `GROUP-ID="subtitles"`, `NAME="${tag === "und" ? "Subtitles" : names.of(tag)}"`],
    ...(tag === "und" ? [] : [`LANGUAGE="${tag}"`]),
    ...["DEFAULT=NO", "AUTOSELECT=YES", `URI="${path.replace(/^hls\//, "")}"`],
  ];
  const media = `#EXT-X-MEDIA:${attributes.join(",")}\n`;
  return master
    .replaceAll(/^(#EXT-X-STREAM-INF:.*)$/gm, `$1,SUBTITLES="subtitles"`)
    .replace(/^#EXT-X-STREAM-INF/m, `${media}#EXT-X-STREAM-INF`);
};

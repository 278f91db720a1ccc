import type { Colours } from "./probe.ts";

/** What frames are converted for: `jpeg` is one picture, whose colours are not tagged. */
export type Target = "video" | "jpeg";

interface Size {
  width: number;
  height: number;
}

/** Filters that scale frames and convert their colours, and the encoder's options that tag them. */
export interface Rendering {
  filters: string[];
  options: string[];
}

/** Standard definition, to players: smaller than both. Untagged, it has the matrix of BT.601, else that of BT.709. */
const HD = { width: 1_280, height: 720 };

/** The code points of ITU-T H.273, for ffmpeg's options. Builds of ffmpeg differ in the names. */
const CODES: Record<string, number> = {
  ...{ bt709: 1, bt470m: 4, bt470bg: 5, smpte170m: 6, smpte240m: 7 },
  ...{ film: 8, "iec61966-2-1": 13 },
};

/** Matrices that a rendition keeps, because players read them. The last two are the same numbers. */
const KEPT = new Set(["bt709", "smpte170m", "bt470bg"]);
/** Other matrices that the filter `scale` reads. */
const READABLE: Record<string, string> = {
  fcc: "fcc",
  smpte240m: "smpte240m",
  bt2020nc: "bt2020",
  bt2020c: "bt2020",
};

const HDR = new Set(["smpte2084", "arib-std-b67"]);
/** Primaries so far from those of BT.709 that their colours look pale without a conversion. */
const WIDE = new Set(["bt2020", "smpte431", "smpte432"]);

/**
 * Converts frames to 8 bits and limited range (`video`), or to JPEG's colours: the matrix of BT.601 in full range. An
 * untagged source is taken for what players take it for, and tagged as that. HDR and wide colours become BT.709.
 */
export const render = (source: Size & { colours: Colours }, size: Size, target: Target): Rendering => {
  const { matrix, primaries, transfer } = assume(source);
  const range = isFull(source.colours) ? "pc" : "tv";
  if (HDR.has(transfer) || WIDE.has(primaries)) {
    const filters = [resize(size), ...toneMap({ matrix, primaries, transfer, range })];
    return target === "jpeg"
      ? { filters: [...filters, `scale=${from("bt709", "tv")}`, ...JPEG], options: [] }
      : { filters: [...filters, "setsar=1"], options: tags("bt709", "bt709", "bt709") };
  }
  const read = `${resize(size)}:${from(READABLE[matrix] ?? matrix, range)}`;
  if (target === "jpeg") return { filters: [read, ...JPEG], options: [] };
  const isKept = KEPT.has(matrix) && !isRgb(source.colours);
  const convert = isKept ? [`${read}:${to(matrix, "tv")}`] : [read, RGB, `scale=${to("bt709", "tv")}`];
  const options = tags(isKept ? matrix : "bt709", primaries, transfer);
  return { filters: [...convert, "setsar=1", "format=yuv420p"], options };
};

/** The colours that a player assumes for a source that does not declare all of them. */
const assume = ({ width, height, colours }: Size & { colours: Colours }) => {
  const { matrix = "unknown", primaries = "unknown", transfer = "unknown" } = colours;
  const isSd = width < HD.width && height < HD.height && !isRgb(colours);
  const usual = isSd ? (height === 576 || height === 288 ? "bt470bg" : "smpte170m") : "bt709";
  const isRead = KEPT.has(matrix) || matrix in READABLE;
  const assumed = isRead ? matrix : WIDE.has(primaries) || HDR.has(transfer) ? "bt2020nc" : usual;
  const likely = KEPT.has(assumed) ? assumed : "bt709";
  const hasPrimaries = primaries in CODES || WIDE.has(primaries);
  return {
    matrix: assumed,
    primaries: hasPrimaries ? primaries : HDR.has(transfer) ? "bt2020" : likely,
    // The curves of BT.601 and BT.709 are the same.
    transfer: transfer in CODES || HDR.has(transfer) ? transfer : likely === "bt709" ? "bt709" : "smpte170m",
  };
};

const isFull = ({ range, pixels = "" }: Colours) => range === "pc" || pixels.startsWith("yuvj");
const isRgb = ({ matrix, pixels = "" }: Colours) =>
  matrix === "gbr" || /^(gbr|rgb|bgr|argb|abgr|pal8)/.test(pixels);

const resize = ({ width, height }: Size) => `scale=${width}:${height}`;
const from = (matrix: string, range: string) => `in_color_matrix=${matrix}:in_range=${range}`;
const to = (matrix: string, range: string) => `out_color_matrix=${matrix}:out_range=${range}`;

/** Between two matrices, because the old build converts wrongly from one to the other. */
const RGB = "format=rgb24";
const JPEG = [RGB, `scale=${to("bt601", "pc")}`, "setsar=1", "format=yuvj420p"];

/**
 * To BT.709, in linear light. White of SDR is at 203 cd/m² in HDR (ITU-R BT.2408, 2.2); brighter parts are compressed.
 * Needs ffmpeg with zimg, as those of Debian and npm are.
 */
const toneMap = ({
  matrix,
  primaries,
  transfer,
  range,
}: Record<"matrix" | "primaries" | "transfer" | "range", string>) => [
  `zscale=min=${matrix}:pin=${primaries}:tin=${transfer}:rin=${range === "pc" ? "full" : "limited"}:t=linear:npl=203`,
  "format=gbrpf32le",
  "zscale=p=bt709",
  ...(HDR.has(transfer) ? ["tonemap=mobius:desat=0"] : []),
  "zscale=t=bt709:m=bt709:r=limited",
  "format=yuv420p",
];

const tags = (matrix: string, primaries: string, transfer: string) => [
  ...["-colorspace", `${CODES[matrix]}`, "-color_primaries", `${CODES[primaries]}`],
  ...["-color_trc", `${CODES[transfer]}`, "-color_range", "tv"],
];

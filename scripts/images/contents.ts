// What the production images leave out of node_modules. test/images.test.ts checks it against what the programs load.

export type Image = "api" | "worker";

/** The packages of package.json that no file of an image's program imports. */
export const leftOut: Readonly<Record<Image, readonly string[]>> = {
  api: [
    ...["@embedpdf/fonts-arabic", "@embedpdf/fonts-hebrew", "@embedpdf/fonts-latin", "@embedpdf/fonts-sc"],
    ...[
      "@expo-google-fonts/nanum-gothic",
      "@expo-google-fonts/noto-emoji",
      "@expo-google-fonts/noto-sans-thai",
    ],
    ...["bidi-js", "d3-scale", "d3-shape", "fontkit", "linebreak", "pdfkit"],
    ...["eta", "firebase-admin", "nodemailer", "sharp", "yazl"],
  ],
  worker: [
    ...["@bull-board/api", "@bull-board/express", "@bull-board/ui"],
    "express",
    "file-type",
    "fxa-common-password-list",
    "helmet",
    "lit-html",
    "pino-http",
    "rate-limiter-flexible",
    "swagger-ui-dist",
  ],
};

/** Packages that another one loads by name: the pages of bull-board. */
export const loadedByOthers: Readonly<Record<Image, readonly string[]>> = {
  api: ["@bull-board/ui"],
  worker: [],
};

/** The images use Debian's ffmpeg, which gets security fixes: those of npm are from 2018. */
export const ffmpegPackages = ["@ffmpeg-installer/ffmpeg", "@ffprobe-installer/ffprobe"];

/** The styles that reports are set in: those that workers/report-generate/pdf/fonts.ts names. */
const FONT_STYLES =
  /(NotoSans-(Regular|SemiBold)|NotoNaskhArabic-(Regular|Bold)|NotoSansHebrew-(Regular|Bold)|NotoSansThai_(400Regular|600SemiBold)|NotoEmoji_(400Regular|700Bold)|NanumGothic_(400Regular|700Bold)|NotoSansHans-(Regular|Bold))\.(ttf|otf)$/;

const UNUSED: readonly [pattern: RegExp, why: string][] = [
  [/\.map$/, "source maps: only debuggers read them"],
  [/\.[cm]?tsx?$/, "types and sources: Node loads no TypeScript from packages"],
  [/(^|\/)(readme|changelog|history|contributing)[^/]*$/i, "documentation; licences stay"],
  [
    /^(@google-cloud|@grpc|@protobufjs|google-gax|protobufjs|proto3-json-serializer|teeny-request)\//,
    "for Firestore and Cloud Storage: optional packages of firebase-admin",
  ],
  [/^fxa-common-password-list\/source_data\//, "the list from which the package's own was made"],
  [
    /^@prisma\/client\/runtime\/query_compiler_(small|.*(cockroachdb|mysql|sqlite|sqlserver))/,
    "other databases",
  ],
  [/^@prisma\/client\/runtime\/.*wasm-base64\.js$/, "the same as .mjs, for CommonJS"],
  [/^@prisma\/client\/runtime\/(wasm-compiler-edge|index-browser)/, "other runtimes than Node"],
  [/^@prisma\/client\/(generator-build|scripts)\//, "for `prisma generate`"],
  [/^pdfkit\/js\/pdfkit\.(browser|standalone|old|browser\.old)\.m?js$/, "for browsers"],
  [/^fontkit\/dist\/browser/, "for browsers"],
  [/^luxon\/build\/(amd|cjs-browser|es6|global)\//, "for browsers"],
  [
    /^libheif-js\/(libheif\/|libheif-wasm\/libheif\.)/,
    "other builds than the one with the WebAssembly inside",
  ],
  [/^swagger-ui-dist\/swagger-ui(-es-bundle.*|)\.js/, "other builds than the bundle"],
  [/^(@aws-sdk|@smithy)\/[^/]+\/dist-es\//, "ES modules: Node is given the CommonJS ones"],
  [/^bullmq\/dist\/esm\//, "ES modules: Node is given the CommonJS ones"],
  [/^lit-html\/development\//, "the pages load the other build"],
];

/** Whether no image needs this file. The path is relative to node_modules. */
export const isUnused = (path: string): boolean =>
  UNUSED.some(([pattern]) => pattern.test(path)) || (/\.(ttf|otf)$/.test(path) && !FONT_STYLES.test(path));

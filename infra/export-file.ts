/** Milliseconds for which an export can be downloaded. Then it is purged. */
export const EXPORT_KEPT = 7 * 86_400_000;

/** The storage key of an export's ZIP. */
export const exportKey = (exportId: string): string => `exports/${exportId}/export.zip`;

/** The file name of an export for people. */
export const exportFilename = (createdAt: Date): string =>
  `Offstage export ${createdAt.toISOString().slice(0, 10)}.zip`;

import type { Response } from "express";

/**
 * Removes the user's files from the browser's cache when the session ends: they may be kept for a year. Not the
 * cookies, because the one of the device stays.
 * https://www.w3.org/TR/clear-site-data/
 */
export const forgetInBrowser = (response: Response): void => void response.set("Clear-Site-Data", '"cache"');

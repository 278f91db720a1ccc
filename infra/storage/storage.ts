import type { Readable } from "node:stream";

/** Seconds that a signed URL opens its object for. */
export const SIGNED_FOR = 300;

/** What a stored object is. */
export interface StoredObject {
  bytes: number;
  contentType: string;
}

/** Calls `publish`, for example inside a transaction, or throws instead. */
export type Around = (publish: () => Promise<void>) => Promise<void>;

/** How a client is to receive an object, as the headers of that names. */
export interface Delivery {
  contentType: string;
  contentDisposition: string;
  cacheControl: string;
}

/**
 * Where files are kept: S3, or a folder of this machine. Keys are ours, as in `uploads/<id>/source`: words of letters,
 * digits, `_`, `-` and inner dots, between slashes. Nothing that a user wrote is ever part of one.
 */
export interface Storage {
  /** The origin of its URLs. Undefined if they are relative: clients reach it through the API. */
  readonly origin: string | undefined;
  /**
   * A URL to which its holder can PUT exactly this object, with these headers, for five minutes. May be relative to the
   * origin of the API.
   */
  signPut(key: string, object: StoredObject): Promise<{ url: string; headers: Record<string, string> }>;
  /** Where to get an object: of S3 a URL for anybody, for five minutes; of this machine a `file:` URL, for us to send. */
  signGet(key: string, delivery: Delivery): Promise<string>;
  /** Undefined where there is none. */
  head(key: string): Promise<StoredObject | undefined>;
  /** Both ends of the range are included. @throws ObjectMissingError */
  read(key: string, range?: { start: number; end: number }): Promise<Readable>;
  /**
   * The whole object, or what was there before: never a part. `around` may do the last step, by which it becomes
   * visible, inside a transaction, or refuse it by an error. @throws StorageFullError
   */
  write(key: string, body: Buffer | Readable, contentType: string, around?: Around): Promise<void>;
  /** All keys that begin so. Give a whole folder, with its slash. */
  list(prefix: string): AsyncIterable<string>;
  /** Those that are missing are fine. */
  remove(keys: readonly string[]): Promise<void>;
  close(): void;
}

export class ObjectMissingError extends Error {
  override name = "ObjectMissingError";
  constructor(key: string, options?: ErrorOptions) {
    super(`there is no object ${key}`, options);
  }
}

export class StorageFullError extends Error {
  override name = "StorageFullError";
  constructor(options?: ErrorOptions) {
    super("the storage is full", options);
  }
}

/** The storage does not answer, or not now. */
export class StorageUnavailableError extends Error {
  override name = "StorageUnavailableError";
}

/** Words between slashes: no folder above, nothing hidden. */
export const WORDS = /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/;

/** @throws TypeError for what is no key, and could leave the folder of those that are */
export const checkKey = (key: string): string => {
  if (key.length > 500 || !WORDS.test(key)) throw new TypeError("this is not the key of an object");
  return key;
};

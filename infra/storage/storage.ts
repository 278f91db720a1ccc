import type { Readable } from "node:stream";

/** Seconds for which a signed URL is valid. */
export const SIGNED_FOR = 300;

/** The size and type of a stored object. */
export interface StoredObject {
  bytes: number;
  contentType: string;
}

/** Wraps the step that makes a written object visible: calls `publish`, for example inside a transaction, or throws. */
export type Around = (publish: () => Promise<void>) => Promise<void>;

/** The response headers with which a client receives an object. */
export interface Delivery {
  contentType: string;
  contentDisposition: string;
  cacheControl: string;
}

/**
 * Stores files in S3 or in a local folder. Keys are generated, for example `uploads/<id>/source`: words of letters,
 * digits, `_`, `-` and inner dots, separated by slashes. They never contain user input.
 */
export interface Storage {
  /**
   * The origin of the signed URLs. Undefined if they are relative, because clients reach the storage through the API.
   */
  readonly origin: string | undefined;
  /**
   * A URL that accepts a PUT of exactly this object, with these headers, for five minutes. It may be relative to the
   * API's origin.
   */
  signPut(key: string, object: StoredObject): Promise<{ url: string; headers: Record<string, string> }>;
  /**
   * The URL of an object. With S3, clients can use it for five minutes. With a local folder it is a `file:` URL, whose
   * content the API must send.
   */
  signGet(key: string, delivery: Delivery): Promise<string>;
  /** Resolves with undefined if there is no such object. */
  head(key: string): Promise<StoredObject | undefined>;
  /**
   * Both ends of the range are inclusive.
   * @throws ObjectMissingError
   */
  read(key: string, range?: { start: number; end: number }): Promise<Readable>;
  /**
   * Creates or replaces an object atomically: readers see all of it, or the previous one. `around` may run the last
   * step, which makes the object visible, inside a transaction, or prevent it with an error.
   * @throws StorageFullError
   */
  write(key: string, body: Buffer | Readable, contentType: string, around?: Around): Promise<void>;
  /** All keys that start with the prefix. It must be a folder, with its final slash. */
  list(prefix: string): AsyncIterable<string>;
  /**
   * The names of up to `limit` folders directly below the prefix, in order, after the name `after`. The memory that it
   * needs does not depend on how many there are. The prefix must be a folder, with its final slash.
   */
  folders(prefix: string, after: string | undefined, limit: number): Promise<string[]>;
  /** Removes objects. Missing ones are ignored. */
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

/** The storage does not respond, or responds that it is unavailable. */
export class StorageUnavailableError extends Error {
  override name = "StorageUnavailableError";
}

/** Words separated by slashes: no `..`, and no hidden files. */
export const WORDS = /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/;

/**
 * Returns the key if it is valid. Others could lead out of the folder.
 * @throws TypeError
 */
export const checkKey = (key: string): string => {
  if (key.length > 500 || !WORDS.test(key)) throw new TypeError("not a storage key");
  return key;
};

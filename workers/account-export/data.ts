/** A row as plain JSON. */
export type Row = Readonly<Record<string, unknown>>;

/** The stored objects of one record. */
export interface StoredFolder {
  /** Their keys begin with it. */
  prefix: string;
  /** Where they go in the ZIP: a path that is safe and unique. */
  path: string;
  /** Below `path`: where the object `prefix + name` goes. */
  place(name: string): string;
  /** Objects that are stored, unless something is wrong. The first is the one to look at. */
  expected: readonly string[];
}

export interface Page {
  rows: readonly Row[];
  /** Empty, or one for each of the rows. */
  folders: readonly StoredFolder[];
  /** Where the next page begins. Undefined after the last one. */
  next: string | undefined;
}

/** One kind of rows of a user: a file of the export. */
export interface Listing {
  /** Its path in the ZIP, below `data/` and without an ending, such as `projects/tasks`. */
  file: string;
  title: string;
  /** What it contains, in words for the user. */
  about: string;
  read(userId: string, after: string | undefined): Promise<Page>;
}

/** An export that a user waits for. */
export interface RequestedExport {
  id: string;
  userId: string;
  /** Of the user. */
  name: string;
  createdAt: Date;
}

/** What was written of a listing. */
export interface Written {
  listing: Pick<Listing, "file" | "title" | "about">;
  rows: number;
  files: number;
}

/** The files that should be in the export, but are not stored. */
export interface Missing {
  /** The first of them. */
  paths: string[];
  count: number;
}

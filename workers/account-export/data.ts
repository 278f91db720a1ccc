/** A row as plain JSON. */
export type Row = Readonly<Record<string, unknown>>;

/** The stored objects of one record. */
export interface StoredFolder {
  /** Their keys begin with it. */
  prefix: string;
  /** Below the prefix: objects that the export lacks if they are not stored. */
  expected: readonly string[];
  /** The path in the ZIP of the object `prefix + name`. */
  pathOf(name: string): string;
}

export interface Page {
  rows: readonly Row[];
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

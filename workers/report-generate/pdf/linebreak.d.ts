declare module "linebreak" {
  /** Finds opportunities to break a line, by UAX 14. */
  export default class LineBreaker {
    constructor(text: string);
    /** `position` is an index of the text. */
    nextBreak(): { position: number; required: boolean } | null;
  }
}

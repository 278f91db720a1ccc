/** What the page reads from a mail, as its recipient would. */

/** The token behind the # of a link to a page, such as "verify-email"; undefined without one. */
export const tokenIn = ({ text }, page) => new RegExp(`/${page}#([\\w.-]+)`).exec(text)?.[1];

/** The newest mail with such a link. `mails` has the newest first. */
export const newestWith = (mails, page) => mails.find((mail) => tokenIn(mail, page) !== undefined);

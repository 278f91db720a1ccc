/** The page to return to after the login, from `?next=invitation#TOKEN`. Only a page of this site has such a name. */
const next = /^[a-z][a-z-]*(\/[a-z-]+)?$/.exec(new URLSearchParams(location.search).get("next") ?? "")?.[0];

export const returnTo = next && `/${next}${location.hash}`;

/** Appends the page to return to to the links that keep it. */
export const keepInLinks = (suffix = next ? `?next=${next}${location.hash}` : "") => {
  for (const link of document.querySelectorAll("a[data-keeps]")) link.href += suffix;
};

/** The login that returns to this page. */
export const loginPath = () => `/login?next=${location.pathname.slice(1)}${location.hash}`;

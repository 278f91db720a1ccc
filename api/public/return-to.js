// The page that asked for the login, for this tab only: in the URL, a link from elsewhere could name another site.

const KEY = "return-to";

/** Goes to the login, which returns to this page. */
export const goToLogin = () => {
  keepPlace();
  location.assign("login");
};

export const keepPlace = () =>
  sessionStorage.setItem(KEY, location.pathname + location.search + location.hash);

/** The page to return to, once; undefined if no page asked for the login. */
export const takePlace = () => {
  const place = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  return place ?? undefined;
};

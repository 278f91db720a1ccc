import { prepareDeletion } from "./account-deletion.js";
import { prepareDevices } from "./account-devices.js";
import { prepareExports } from "./account-exports.js";
import { prepareChoices } from "./account-choices.js";
import { preparePassword } from "./account-password.js";
import { prepareProfile } from "./account-profile.js";
import { prepareSessions } from "./account-sessions.js";
import { enter } from "./session.js";

/** Names of a section that older links may have. */
const ALIASES = { export: "exports" };

/** Shows the section that the address names. Its heading gets the focus, so that a screen reader reads on from there. */
const showNamed = () => {
  const name = location.hash.slice(1);
  const section = [...document.querySelectorAll("section")].find(({ id }) => id === (ALIASES[name] ?? name));
  section?.querySelector("h2").focus({ preventScroll: true });
  section?.scrollIntoView();
};

const me = await enter();
if (me) {
  document.querySelector("#content").hidden = false;
  addEventListener("hashchange", showNamed);
  showNamed();
  const { showSessions } = prepareSessions(me);
  const { showDevices } = prepareDevices(me);
  const { showExports } = prepareExports(me);
  prepareProfile(me, { onZone: () => Promise.all([showSessions(), showDevices(), showExports()]) });
  preparePassword(me, { onChanged: showSessions });
  await Promise.all([showSessions(), showDevices(), prepareChoices(me), showExports(), prepareDeletion(me)]);
  // Sections above have become longer.
  if (scrollY > 0 || location.hash) showNamed();
}

import { showMoment } from "./dates.js";
import { confirmed } from "./dialog.js";
import { button, make } from "./elements.js";
import { createPagedList } from "./paged-list.js";
import { change, say } from "./session.js";

const section = document.querySelector("#sessions");
const endOthers = document.querySelector("#end-others");

/** Lists the sessions, and lets the user end them. The current one is ended by logging out. */
export const prepareSessions = (me) => {
  const makeRow = ({ id, device, current, createdAt, lastUsedAt }) => {
    const chip = current && make("span", { className: "chip current", textContent: "This browser" });
    const title = make("div", {}, make("strong", { textContent: device }), chip || undefined);
    const row = make("li", {}, title);
    if (!current) row.append(endButton(row, device));
    const times = [
      `Last used ${showMoment(lastUsedAt, me.zone)}`,
      `logged in ${showMoment(createdAt, me.zone)}`,
    ];
    row.append(
      make("p", { className: "facts" }, ...times.map((textContent) => make("span", { textContent }))),
    );
    row.dataset.id = id;
    return row;
  };

  const endButton = (row, device) =>
    button("End", {
      label: `End the session of ${device}`,
      className: "small end",
      onClick: async () => {
        await remove(row, `Ended the session of ${device}`);
        showEndOthers();
      },
    });

  const { list, remove, refresh } = createPagedList(section, { path: "/v1/sessions", makeRow });

  const showEndOthers = () => {
    endOthers.hidden = list.querySelector("button") === null;
  };

  const showSessions = async () => {
    await refresh();
    showEndOthers();
  };

  endOthers.addEventListener("click", async () => {
    const question = {
      title: "End all other sessions?",
      text: "Every other browser and app is logged out.",
      action: "End them",
    };
    if (!(await confirmed(question)) || !(await change("DELETE", "/v1/sessions"))) return;
    await showSessions();
    section.querySelector("h2").focus();
    say("Ended all other sessions");
  });

  return { showSessions };
};

import { setText } from "./elements.js";
import { openKeys } from "./keys.js";
import { count, duration, plural, rate } from "./numbers.js";
import { remembered } from "./remembered.js";

const STATES = {
  connecting: "connecting",
  live: "live",
  stale: "database away",
  behind: "counts only",
};

const STATE_HINTS = {
  connecting: "The page has no connection to the server, and tries again.",
  live: "The page shows every change within a second.",
  stale: "The server cannot read PostgreSQL. What is shown is old.",
  behind: "This browser reads too slowly, so it is sent counts without single jobs.",
};

/** Above this, it is said that what is shown is late. */
const LATE_MS = 1_000;

const find = (name) => document.querySelector(`#top [data-part="${name}"]`);

/** The state of the connection, the numbers of the whole, and the settings of the page. */
export const createHeader = ({ model, clock, motion, say }, { lag }) => {
  const shown = () => {
    find("state").dataset.state = model.state;
    find("state").title = STATE_HINTS[model.state];
    setText(find("state-text"), stateText(model, lag()));
    const alive = model.workers.filter((worker) => worker.alive);
    setText(find("workers"), plural(alive.length, "worker"));
    setText(find("rate"), `${rate(sum(model.lanes, "perSecond"))} jobs/s`);
    setText(find("viewers"), model.viewers > 1 ? plural(model.viewers, "viewer") : "");
    document.documentElement.toggleAttribute("data-stale", model.state === "stale");
  };

  let lastState = model.state;
  model.subscribe(() => {
    if (model.state !== lastState) say(STATE_HINTS[model.state]);
    lastState = model.state;
    clock.nextFrame(shown);
  });
  clock.every(1_000, shown);
  shown();

  connectPause(model, clock);
  connectCalm(motion);
  connectTheme();
  find("keys").addEventListener("click", openKeys);

  return {
    showBalance: ({ lost, text }) => {
      find("books").hidden = false;
      find("books").toggleAttribute("data-lost", lost > 0);
      setText(find("lost"), `${count(lost)} lost`);
      setText(find("balance"), text);
    },
  };
};

const stateText = (model, lag) => {
  if (model.state === "live" && lag > LATE_MS) return `live, shown ${duration(lag)} late`;
  if (model.state === "stale") return `database away for ${duration(model.now() - model.staleSince)}`;
  return STATES[model.state];
};

const sum = (rows, key) => rows.reduce((total, row) => total + (row[key] ?? 0), 0);

const connectPause = (model, clock) => {
  const button = find("pause");
  const show = () => {
    button.ariaPressed = String(model.paused);
    setText(find("pause-text"), model.paused ? "Resume" : "Pause");
    const waiting = model.waiting();
    find("paused").hidden = !model.paused;
    setText(
      find("paused"),
      `Paused: ${plural(waiting, "change")} ${waiting === 1 ? "waits" : "wait"}. Resume jumps to now.`,
    );
  };
  button.addEventListener("click", () => (model.paused ? model.resume() : model.pause()));
  model.onHeld(() => clock.nextFrame(show));
  model.subscribe(({ kind }) => (kind === "pause" || kind === "resume") && show());
};

const connectCalm = (motion) => {
  const button = find("calm");
  const show = () => (button.ariaPressed = String(motion.isCalm()));
  button.addEventListener("click", () => {
    motion.setCalm(!motion.isCalm());
    show();
  });
  show();
};

const THEMES = ["auto", "light", "dark"];

const connectTheme = () => {
  const theme = remembered("offstage.watch.theme", "auto");
  const button = find("theme");
  const show = () => {
    const root = document.documentElement;
    if (theme.get() === "auto") root.removeAttribute("data-theme");
    else root.dataset.theme = theme.get();
    button.dataset.theme = theme.get();
    button.ariaLabel = button.title = `Theme: ${theme.get()}`;
  };
  button.addEventListener("click", () => {
    theme.set(THEMES[(THEMES.indexOf(theme.get()) + 1) % THEMES.length]);
    show();
  });
  show();
};

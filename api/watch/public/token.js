import { element, setAttribute, setText } from "./elements.js";
import { countdown } from "./numbers.js";
import { describeJob, STATIONS } from "./phases.js";

const MOVE = { duration: 280, easing: "cubic-bezier(0.2, 0.7, 0.2, 1)" };

/** More would not be seen, and cost frames. */
const MOVING_AT_MOST = 40;
let moving = 0;

/** One job on the stage: a button that keeps its node for as long as the job is shown. */
export const createToken = (id, list) => {
  const item = element("li");
  const button = element("button", { type: "button", class: "token", tabindex: "-1", "data-id": id });
  item.append(button);
  list.append(item);
  let transform;
  let wait;

  const token = {
    button,
    station: undefined,
    phase: undefined,
    order: () => STATIONS.findIndex(({ name }) => name === token.station),
    isHovered: () => button.matches(":hover"),
    isHeld: () => button.matches(":hover, :focus"),
    afterHover: (then) => button.addEventListener("pointerleave", then, { once: true }),
    remove: () => item.remove(),

    show: (job, phase, { model, selected }) => {
      token.phase = phase;
      wait = phase === "again" ? waitOf(job) : undefined;
      setAttribute(button, "data-phase", phase);
      setAttribute(button, "data-attempt", String(job.attempt));
      setAttribute(button, "aria-label", describeJob(job, phase, model));
      setAttribute(button, "title", describeJob(job, phase, model));
      button.classList.toggle("mine", model.isMine(job));
      button.toggleAttribute("data-selected", selected);
      if (phase === "running") showProgress(button, job, model);
      else if (phase !== "again") setText(button, "");
    },

    /** Moves to another place, without reading the layout: the last place is known. */
    moveTo: (next, motion) => {
      if (next === transform) return;
      const from = transform ?? `${next} scale(0.3)`;
      transform = next;
      button.style.transform = next;
      if (!next || !motion.travels() || moving >= MOVING_AT_MOST) return;
      moving += 1;
      const animation = button.animate([{ transform: from }, { transform: next }], MOVE);
      animation.onfinish = animation.oncancel = () => (moving -= 1);
    },

    tick: (now, motion) => wait && showCountdown(button, wait, now, motion),
  };
  return token;
};

/** The number is the worker's. The ring is the progress, if the job reports any. */
const showProgress = (button, job, model) => {
  const { progress } = job;
  const part = typeof progress === "number" ? progress / 100 : (progress?.percent ?? 0) / 100;
  button.style.setProperty("--part", String(part));
  setText(button, model.workerName(job.startedBy).replace(/\D/g, ""));
};

const waitOf = ({ retryAt, history }) => {
  const until = Date.parse(retryAt);
  const from = Date.parse(history.at(-1)?.endedAt ?? retryAt);
  return { until, whole: Math.max(1, until - from) };
};

const showCountdown = (button, wait, now, motion) => {
  const left = wait.until - now;
  const second = motion.travels() ? left : Math.ceil(left / 1_000) * 1_000;
  const text = left > 0 ? countdown(second) : "due";
  setText(button, text);
  setAttribute(button, "aria-label", `${button.title}, ${text}`); // a name contains what is seen
  button.style.setProperty("--part", String(Math.max(0, Math.min(1, left / wait.whole))));
};

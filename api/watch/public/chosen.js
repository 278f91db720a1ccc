import { element, setAttribute, setText } from "./elements.js";
import { countdown } from "./numbers.js";
import { shortId, stationOf, STATIONS } from "./phases.js";
import { explain } from "./explain.js";

/** Where there is one column: the newest sentence about an own job, and the five stations of the chosen job. */
export const createChosen = (holder, { model, clock, selected, onSelect }) => {
  const sentence = holder.querySelector("p");
  const list = holder.querySelector("ol");
  const title = holder.querySelector("[data-part=chosen]");
  const steps = STATIONS.map(({ name, title: text }) => {
    const step = element("li", { "data-station": name });
    step.append(element("i"), element("span", {}, text));
    return step;
  });
  list.append(...steps);

  const draw = (now) => {
    const job = model.jobs.get(selected()) ?? newestOwn(model);
    list.hidden = title.hidden = !job;
    if (!job) return;
    setText(title, `${job.name} ${shortId(job.id)}`);
    const at = STATIONS.findIndex(({ name }) => name === stationOf(job.phase));
    for (const [index, step] of steps.entries()) {
      const isHere = index === at;
      setAttribute(step, "data-here", String(isHere));
      setAttribute(step, "data-passed", String(index < at && (index !== 3 || job.attempt > 0)));
      step.ariaCurrent = isHere ? "step" : null;
      step.firstChild.dataset.phase = isHere ? job.phase : "";
      setText(step.lastChild, isHere && job.phase === "again" ? timeLeft(job, now) : STATIONS[index].title);
    }
  };

  model.subscribe((change) => {
    const own = change.kind === "snapshot" ? [] : change.jobs.filter(({ after }) => model.isMine(after));
    const [last] = own.flatMap(({ before, after }) => explain(before, after, { model })).slice(-1);
    if (last) setText(sentence, last.text);
    if (change.jobs.length > 0) clock.nextFrame(draw);
  });
  onSelect(() => clock.nextFrame(draw));
  clock.every(250, draw);
  /** What the story is given by others than the ledger, such as the answer to a request. */
  return { say: (text) => setText(sentence, text) };
};

/** One that is due, if there is any: others will not move for hours. */
const newestOwn = (model) => {
  const own = [...model.mine].flatMap((id) => model.jobs.get(id) ?? []);
  const due = own.filter(({ phase }) => phase !== "scheduled");
  return (due.length > 0 ? due : own).reduce((one, other) => (one?.id > other.id ? one : other), undefined);
};

const timeLeft = ({ retryAt }, now) => {
  const left = Date.parse(retryAt) - now;
  return left > 0 ? countdown(left) : "due";
};

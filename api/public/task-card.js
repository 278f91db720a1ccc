import { showDay, today } from "./dates.js";
import { make, one, personal } from "./elements.js";

const MOVES = {
  TODO: [["DOING", "Doing →"]],
  DOING: [
    ["TODO", "← To do"],
    ["DONE", "Done →"],
  ],
  DONE: [["DOING", "← Doing"]],
};

/** A task of a board. `onMove` is called with its id and the state to move it to. */
export const makeCard = (project, task, { onMove }) => {
  const { id, title, state } = task;
  const canMove = project.role !== "VIEWER";
  const card = make(
    "li",
    { draggable: canMove },
    make("a", {
      href: `#${project.id}/${id}`,
      dir: "auto",
      draggable: false,
      textContent: short(title, 240),
    }),
    make("p", { className: "facts" }, ...factsOf(project, task)),
  );
  card.dataset.id = id;
  if (canMove) card.append(makeMoves(title, state, (to) => onMove(id, to)));
  return card;
};

const factsOf = (project, task) => {
  const { assigneeId, estimate, dueOn } = task;
  const assignee = project.members.find(({ userId }) => userId === assigneeId);
  const late = isLate(project, task);
  return [
    assignee ? personal(assignee.name) : make("span", { textContent: "Unassigned" }),
    estimate === null ? "" : make("span", { textContent: one(estimate, "point") }),
    dueOn === null
      ? ""
      : make("span", {
          className: late ? "late" : "",
          textContent: `${late ? "overdue since" : "due"} ${showDay(dueOn)}`,
        }),
  ];
};

export const isLate = ({ me }, { state, dueOn }) =>
  state !== "DONE" && dueOn !== null && dueOn < today(me.zone);

const makeMoves = (title, state, onMove) =>
  make(
    "div",
    { className: "moves" },
    ...MOVES[state].map(([to, text]) => {
      const button = make("button", { type: "button", className: "small", textContent: text });
      button.ariaLabel = `${text.replace(/[←→]/, "").trim()}: move ${short(title)}`;
      button.addEventListener("click", () => {
        button.disabled = true;
        void Promise.resolve(onMove(to)).then(() => (button.disabled = false));
      });
      return button;
    }),
  );

/** A title that may have 5,000 characters, for a place without room for them. */
export const short = (title, length = 80) => {
  const characters = [...title];
  return characters.length > length ? `${characters.slice(0, length).join("")} …` : title;
};

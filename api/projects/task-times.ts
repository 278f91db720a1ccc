type State = "TODO" | "DOING" | "DONE";

/** When the work on a task began, and when it was completed. */
export interface Times {
  startedAt: Date | null;
  completedAt: Date | null;
}

const NEVER: Times = { startedAt: null, completedAt: null };

/** The times of a task that gets this state `now`, or keeps it. */
export const timesIn = (state: State, now: Date, { startedAt, completedAt }: Times = NEVER): Times => {
  if (state === "TODO") return NEVER;
  return {
    startedAt: startedAt ?? now,
    completedAt: state === "DONE" ? (completedAt ?? now) : null,
  };
};

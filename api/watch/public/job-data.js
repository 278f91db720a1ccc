/** Milliseconds in which several changes lead to one request. */
const TOGETHER = 150;

/**
 * The selected job with all that belongs to it, from the ledger: loaded when it is selected, and again when the model
 * reports that one of its jobs has changed. `onChange` is called with `{ job, related, total, problem }`.
 */
export const createJobData = ({ model, later = setTimeout, load = loadJob }, onChange) => {
  let id;
  let data = {};
  let timer;
  let isLoading = false;
  let isStale = false;

  const change = (facts) => {
    data = facts;
    onChange(data);
  };

  const refresh = async () => {
    timer = undefined;
    isStale = true;
    if (isLoading) return;
    isLoading = true;
    while (isStale) {
      isStale = false;
      const wanted = id;
      const found = wanted && (await load(wanted));
      if (wanted && wanted === id) change(merge(data, found));
    }
    isLoading = false;
  };

  const refreshSoon = () => (timer ??= later(refresh, TOGETHER));

  const belongs = (job) => {
    const ids = new Set([id, ...(data.related ?? []).map((each) => each.id)]);
    return ids.has(job.id) || ids.has(job.rootId) || ids.has(job.causeId);
  };

  model.subscribe(({ jobs }) => {
    const own = id ? jobs.filter(({ after }) => belongs(after)) : [];
    if (own.length === 0) return;
    for (const { after } of own) data = withRow(data, after);
    onChange(data);
    refreshSoon();
  });

  return {
    select: (wanted) => {
      id = wanted;
      change({ job: model.jobs.get(wanted), related: [], total: 0 });
      if (wanted) void refresh();
    },
  };
};

/** A row of the stream is newer than the one that was loaded, but may be clipped: only what cannot be is taken over. */
const withRow = (data, row) => ({
  ...data,
  job: data.job?.id === row.id ? newer(data.job, row) : data.job,
  related: (data.related ?? []).map((each) => (each.id === row.id ? newer(each, row) : each)),
});

const isClipped = (value) => value !== null && typeof value === "object" && "clipped" in value;

const newer = (old, row) => ({
  ...row,
  ...(isClipped(row.payload) && { payload: old.payload }),
  ...(isClipped(row.result) && { result: old.result }),
});

const merge = (data, found) =>
  found.job ? found : { ...data, problem: data.job ? undefined : found.problem };

const loadJob = async (id) => {
  try {
    const response = await fetch(`/watch/jobs/${encodeURIComponent(id)}`);
    if (response.ok) return await response.json();
    return {
      problem: response.status < 500 ? "This job is not in the ledger." : "The ledger cannot be read now.",
    };
  } catch {
    return { problem: "The server does not respond." };
  }
};

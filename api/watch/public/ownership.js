/** How many own ids are remembered: the newest. */
const REMEMBERED = 200;

/**
 * Which jobs are the viewer's own: those that the page started, and what they led to. A job descends from another through
 * its flow (`rootId`) or because the other one's completion enqueued it (`causeId`).
 */
export const createOwnership = (jobs, stored, save) => {
  const own = new Set(stored);
  const mine = new Set(stored);

  const descends = ({ rootId, causeId }) => mine.has(rootId) || mine.has(causeId);

  /** Adds those that descend from own jobs, until none is added: they may arrive in any order. */
  const claim = (candidates) => {
    const added = [...candidates].filter((job) => !mine.has(job.id) && descends(job));
    for (const { id } of added) mine.add(id);
    if (added.length > 0) claim(jobs.values());
  };

  const follow = (ids) => {
    const added = ids.filter((id) => !own.has(id));
    if (added.length === 0) return added;
    for (const id of added) {
      own.add(id);
      mine.add(id);
    }
    for (const id of [...own].slice(0, -REMEMBERED)) own.delete(id);
    save([...own]);
    claim(jobs.values());
    return added;
  };

  return { own, mine, claim, follow };
};

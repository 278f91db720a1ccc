/** Siblings above this number are folded into a group. */
const MOST = 12;

const ENDED = new Set(["done", "cancelled"]);

/**
 * The flow of jobs as trees: each root with its children, and the trees that its jobs caused. Jobs that are not there
 * (pruned, or of another tree) are left out, and their children become roots.
 */
export const forestOf = (jobs) => {
  const known = new Map(jobs.map((job) => [job.id, job]));
  const byParent = Map.groupBy(jobs, ({ parentId }) => (known.has(parentId) ? parentId : undefined));
  const roots = byParent.get(undefined) ?? [];
  const nodeOf = (job) => ({
    job,
    children: group((byParent.get(job.id) ?? []).toSorted(inOrder).map(nodeOf)),
  });
  const trees = roots
    .toSorted(inOrder)
    .map((job) => ({ root: nodeOf(job), causeId: job.causeId, follows: [] }));
  const treeOfJob = new Map(trees.flatMap((tree) => membersOf(tree.root).map((id) => [id, tree])));
  const first = trees.filter((tree) => {
    const cause = treeOfJob.get(tree.causeId);
    if (!cause || cause === tree) return true;
    cause.follows.push(tree);
    return false;
  });
  return first;
};

const inOrder = (one, other) => (one.id < other.id ? -1 : 1);

const membersOf = ({ job, group: grouped, children }) => [
  ...(job ? [job.id] : grouped.map(({ id }) => id)),
  ...children.flatMap(membersOf),
];

/** Folds the siblings that have ended, without children of their own first; dead and running ones stay visible. */
const group = (nodes) => {
  if (nodes.length <= MOST) return nodes;
  const shown = nodes
    .filter(({ job }) => !ENDED.has(job.phase))
    .toSorted(byUrgency)
    .slice(0, MOST - 1);
  const hidden = nodes.filter((node) => !shown.includes(node));
  const rest = { group: hidden.map(({ job }) => job), all: nodes.map(({ job }) => job), children: [] };
  return [...shown.toSorted((one, other) => inOrder(one.job, other.job)), rest];
};

const URGENCY = ["dead", "running", "again"];
const byUrgency = (one, other) => rank(one) - rank(other);
const rank = ({ job }) => (URGENCY.indexOf(job.phase) + URGENCY.length + 1) % (URGENCY.length + 1);

/** "188 done · 10 running · 2 dead". */
export const countsOf = (jobs) =>
  [...Map.groupBy(jobs, ({ phase }) => phase)]
    .toSorted(([, one], [, other]) => other.length - one.length)
    .map(([phase, some]) => `${some.length} ${phase}`)
    .join(" · ");

/**
 * Places the nodes: leaves first from left to right, parents between their children, and caused trees to the right of
 * the tree that caused them. Columns and rows are numbers of cells. Edges lead from `from` to `to`; `kind` is `child` or
 * `follow`.
 */
export const layoutForest = (trees) => {
  const placed = { nodes: [], edges: [], columns: 0, rows: 0 };
  let row = 0;
  for (const tree of trees) row += placeTree(tree, { column: 0, row }, placed).height;
  placed.columns = Math.max(0, ...placed.nodes.map(({ column }) => column + 1));
  placed.rows = row;
  return placed;
};

const heightOf = ({ children }) => (children.length === 0 ? 0 : 1 + Math.max(...children.map(heightOf)));
const leavesOf = ({ children }) =>
  children.length === 0 ? 1 : children.reduce((sum, child) => sum + leavesOf(child), 0);

const placeTree = ({ root, follows }, at, placed) => {
  const own = leavesOf(root);
  const next = at.column + heightOf(root) + 1;
  const starts = [];
  let height = 0;
  for (const tree of follows) {
    const block = placeTree(tree, { column: next, row: at.row + height }, placed);
    starts.push({ tree, block });
    height += block.height;
  }
  // The smaller of the two blocks is centred on the larger one.
  const shift = Math.max(0, (height - own) / 2);
  const place = placeNode(root, { column: at.column, row: at.row + shift }, placed);
  for (const { tree, block } of starts)
    for (const leaf of block.leaves)
      placed.edges.push({ kind: "follow", from: placed.nodes.find(has(tree.causeId)) ?? place, to: leaf });
  return { height: Math.max(own, height), leaves: leavesIn(root, placed) };
};

const has =
  (id) =>
  ({ node }) =>
    node.job?.id === id || node.group?.some((job) => job.id === id);

const leavesIn = (root, placed) => {
  const leaves = (node) => (node.children.length === 0 ? [node] : node.children.flatMap(leaves));
  const all = new Set(leaves(root));
  return placed.nodes.filter(({ node }) => all.has(node));
};

/** Places a node after its children, in the middle of the first and the last. */
const placeNode = (node, { column, row }, placed) => {
  let next = row;
  const children = node.children.map((child) => {
    const made = placeNode(child, { column, row: next }, placed);
    next += leavesOf(child);
    return made;
  });
  const middle = children.length > 0 ? (children[0].row + children.at(-1).row) / 2 : row;
  const made = { node, column: column + heightOf(node), row: middle };
  placed.nodes.push(made);
  for (const child of children)
    placed.edges.push({ kind: "child", from: child, to: made, onFailure: child.node.job?.onFailure });
  return made;
};

/** Whether a job did nothing because it was not needed, such as a rendition larger than its source. */
export const isSkipped = ({ phase, result }) =>
  phase === "done" && typeof result === "string" && result.startsWith("skipped");

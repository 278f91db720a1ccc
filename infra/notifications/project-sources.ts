import { periodName } from "../report-file.ts";
import { findIn, type Shown, type Source } from "./source.ts";

export const loadReports =
  (title: string): Source["load"] =>
  async (prisma, { ids, readers, shown }) => {
    const rows = await prisma.report.findMany({
      where: { id: { in: ids } },
      include: { project: projectFor(readers), sprint: { select: { name: true } } },
    });
    return findIn(rows, (row, readerId) => {
      if (row.userId !== readerId || !isMember(row.project, readerId)) return undefined;
      const { id, problem, project, sprint } = row;
      const period = periodName({ ...row, sprint: sprint && { name: shown(sprint.name) || "Sprint" } });
      const what = `${period}, ${projectName(project, shown)}`;
      return { title, text: problem ? `${what}: ${problem}` : what, path: `/reports#${id}` };
    });
  };

export const loadTasks: Source["load"] = async (prisma, { ids, readers, shown }) => {
  const rows = await prisma.task.findMany({
    where: { id: { in: ids } },
    select: taskFor(readers),
  });
  return findIn(rows, (task, readerId, actor) =>
    isMember(task.project, readerId)
      ? { title: `${actor} assigned you a task`, text: taskName(task, shown), path: taskPath(task) }
      : undefined,
  );
};

export const loadComments: Source["load"] = async (prisma, { ids, readers, shown }) => {
  const rows = await prisma.comment.findMany({
    where: { id: { in: ids } },
    select: { id: true, task: { select: taskFor(readers) } },
  });
  return findIn(rows, ({ task }, readerId, actor) =>
    isMember(task.project, readerId)
      ? { title: `${actor} mentioned you in a comment`, text: taskName(task, shown), path: taskPath(task) }
      : undefined,
  );
};

/** Its name, and which of the readers are members. */
const projectFor = (readers: string[]) => ({
  select: {
    name: true,
    members: { where: { userId: { in: readers } }, select: { userId: true } },
  },
});

const taskFor = (readers: string[]) => ({
  id: true,
  projectId: true,
  title: true,
  project: projectFor(readers),
});

interface Project {
  name: string;
  members: { userId: string }[];
}

interface Task {
  id: string;
  projectId: string;
  title: string;
  project: Project;
}

const isMember = ({ members }: Project, readerId: string) =>
  members.some(({ userId }) => userId === readerId);

const projectName = ({ name }: Project, shown: Shown) => shown(name) || "a project";

const taskName = ({ title, project }: Task, shown: Shown) =>
  `${shorten(shown(title)) || "A task"}, in ${projectName(project, shown)}`;

const taskPath = ({ id, projectId }: Task) => `/projects#${projectId}/${id}`;

const LONGEST = 120;

/** Task titles may be long. Cut between characters as readers see them. */
const shorten = (title: string) => {
  if (title.length <= LONGEST) return title;
  const graphemes = new Intl.Segmenter().segment(title.slice(0, 4 * LONGEST));
  const cut = [...graphemes].slice(0, LONGEST).map(({ segment }) => segment);
  return `${cut.join("").trimEnd()}…`;
};

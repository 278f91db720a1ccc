import { v7 as uuidv7 } from "uuid";
import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";
import type { Database } from "../../../infra/database.ts";

const DAY = 86_400_000;

/** A project with an owner, members, a current sprint and some tasks: `done` of them completed an hour ago. */
export const createProject = async (
  { prisma }: Pick<Database, "prisma">,
  emails: readonly string[],
  { name = "Rocket", done = 2, open = 3, sprint = true } = {},
) => {
  const users = await prisma.user.findMany({ where: { email: { in: [...emails] } } });
  const people = emails.map((email) => users.find((user) => user.email === email)!);
  const project = await prisma.project.create({
    data: {
      name,
      members: {
        create: people.map(({ id }, index) => ({ userId: id, role: index === 0 ? "OWNER" : "VIEWER" })),
      },
    },
  });
  const projectId = project.id;
  const today = Date.now() - (Date.now() % DAY);
  const days = { startsOn: new Date(today - 3 * DAY), endsOn: new Date(today + 3 * DAY) };
  const current = sprint && (await prisma.sprint.create({ data: { projectId, name: "Sprint 12", ...days } }));
  const sprintId = current ? current.id : null;
  const createdAt = new Date(Date.now() - 2 * 3_600_000);
  const at = new Date(Date.now() - 3_600_000);
  const tasks = Array.from({ length: done + open }, (_, index) => ({
    ...{ id: uuidv7(), projectId, sprintId, createdAt, assigneeId: people[0]?.id ?? null, estimate: 2 },
    ...(index < done
      ? { title: `Finished ${index}`, state: "DONE" as const, startedAt: createdAt, completedAt: at }
      : { title: `Waiting ${index - done}`, completedAt: null, dueOn: new Date(today + DAY) }),
  }));
  await prisma.task.createMany({ data: tasks });
  await prisma.taskChange.createMany({
    data: tasks.map(({ id, completedAt, estimate }) => {
      const state = completedAt ? ("DONE" as const) : ("TODO" as const);
      return { projectId, taskId: id, at, state, sprintId, estimate };
    }),
  });
  return { projectId, sprintId, people };
};

/** The text of a PDF, page by page. */
export const readPdf = async (bytes: Uint8Array): Promise<string[]> => {
  const loading = getDocument({ data: new Uint8Array(bytes), verbosity: 0 });
  const document = await loading.promise;
  const pages: string[] = [];
  for (let number = 1; number <= document.numPages; number++) {
    const { items } = await (await document.getPage(number)).getTextContent();
    pages.push(items.map((item) => ("str" in item ? item.str : "")).join(" "));
  }
  await loading.destroy();
  return pages;
};

import type { SignedIn } from "./people.ts";

/** What clients of the API create, by their responses. */
export const createPlanner = (person: SignedIn) => {
  const create = async (path: string, body: object): Promise<{ id: string }> => {
    const response = await person.post(path).send(body);
    if (response.status !== 201) throw new Error(`${path} answered ${response.status} ${response.text}`);
    return response.body as { id: string };
  };
  return {
    project: (more: object = {}) => create("/v1/projects", { name: "Apollo", ...more }),
    sprint: (projectId: string, more: object = {}) =>
      create(`/v1/projects/${projectId}/sprints`, {
        name: "Sprint 1",
        startsOn: "2026-11-23",
        endsOn: "2026-12-06",
        ...more,
      }),
    task: (projectId: string, more: object = {}) =>
      create(`/v1/projects/${projectId}/tasks`, { title: "Land on the Moon", ...more }),
    comment: (taskId: string, body = "Ready") => create(`/v1/tasks/${taskId}/comments`, { body }),
  };
};

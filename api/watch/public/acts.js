import { createAccounts } from "./accounts.js";
import { createColleague } from "./colleague.js";
import { createRequests } from "./requests.js";
import { drawPicture } from "./pictures.js";
import { loadVideo } from "./video.js";

/** Seconds until an account is deleted that the page asks to delete. */
const GRACE = 30;

const TASKS = ["Write the release notes", "Order the telescope", "Review the contract", "Call the venue"];

/** Everything that a visitor can do. Each resolves with the answer of the request that the act is about. */
export const createActs = (context, person) => {
  const request = createRequests(context);
  const accounts = createAccounts(context, request, person);
  const { withSession } = accounts;

  const upload = async (file) => {
    const kind = file.type.startsWith("video/") ? "VIDEO" : "IMAGE";
    const facts = { filename: file.name, contentType: file.type, bytes: file.size, kind };
    const source = "api/uploads/routes.ts#uploadRoutes";
    const { body } = await request("POST", "/v1/uploads", facts, { source, why: UPLOAD_CREATED });
    await store(body, file);
    return request("POST", `/v1/uploads/${body.id}/complete`, {}, { source, why: UPLOAD_DONE });
  };

  const store = ({ method, url, headers }, file) =>
    request(method, url, file, {
      headers,
      why: "The file goes by a signed URL. No job exists yet: nothing has to be done for half a file.",
      source: "infra/storage/signature.ts#PUT_PATH",
    });

  /** The person's project; created with some tasks if there is none. */
  const ensureProject = async () => {
    const { projectId } = person.get();
    if (projectId) return projectId;
    const source = "api/projects/projects.ts#projectsRoutes";
    const project = await request("POST", "/v1/projects", { name: "Moon base" }, { source, why: PROJECT });
    for (const [index, title] of TASKS.entries())
      await request(
        "POST",
        `/v1/projects/${project.body.id}/tasks`,
        { title, state: stateOf(index) },
        {
          why: "A task for the report to count.",
          source: "api/projects/tasks.ts#taskRoutes",
        },
      );
    person.change({ projectId: project.body.id });
    return project.body.id;
  };

  const askForReport = async () => {
    const asked = { projectId: await ensureProject(), period: "DAY" };
    return request("POST", "/v1/reports", asked, {
      why: "The row of the report and its job were committed together. The PDF is drawn by a worker.",
      source: "api/reports/create.ts#createReport",
    });
  };

  const schedule = async () => {
    const projectId = await ensureProject();
    const wanted = { cadence: "MINUTES", minutes: 1, delivery: "LINK" };
    return request("PUT", `/v1/report-schedules/${projectId}`, wanted, {
      why: "A schedule is a row. At each full minute the dispatcher enqueues one job for its slot.",
      source: "api/schedules/routes.ts#scheduleRoutes",
    });
  };

  const unschedule = async () => {
    const path = `/v1/report-schedules/${person.get().projectId}`;
    return request("DELETE", path, undefined, {
      why: "The row is gone: the dispatcher finds nothing to enqueue.",
      source: "api/schedules/routes.ts#scheduleRoutes",
    });
  };

  const deleteAccount = async () => {
    const { password } = person.get();
    const answer = await request(
      "DELETE",
      "/v1/account",
      { password },
      {
        headers: { "X-Watch-Grace": String(GRACE) },
        why: `The deletion is a job that is due in ${GRACE} s. Until then, a login cancels it.`,
        source: "api/accounts/deletion.ts#deletionRoutes",
      },
    );
    person.change({ stage: "verified", deletionAt: answer.body.deletionAt });
    return answer;
  };

  const colleague = createColleague(context, request, person);
  const notify = async (times, options) => colleague.notify(await ensureProject(), times, options);

  return {
    ...accounts,
    request,
    uploadFile: (file, options) => withSession(() => upload(file), options),
    picture: (which, options) => withSession(async () => upload(await drawPicture(which)), options),
    video: (options) => withSession(async () => upload(await loadVideo()), options),
    report: (options) => withSession(askForReport, options),
    notify: (times, options) => withSession(() => notify(times, options), options),
    schedule: (options) => withSession(schedule, options),
    unschedule: (options) => withSession(unschedule, options),
    deleteAccount: (options) => withSession(deleteAccount, options),
    keepAccount: accounts.logIn,
  };
};

const stateOf = (index) => ["DONE", "DOING", "TODO"][index % 3];

const UPLOAD_CREATED =
  "The API has answered with a signed URL for the file. No worker has anything to do yet.";
const UPLOAD_DONE = "The file was checked, and the upload and its jobs were committed together.";
const PROJECT = "A report needs a project with tasks.";

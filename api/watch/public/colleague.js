import { waitForToken } from "./inbox.js";
import { inventPerson } from "./people.js";
import { Refused } from "./refusals.js";

/** Phones that the page registers for the visitor's person. */
const PHONES = [
  ["ANDROID", "android"],
  ["IOS", "ios"],
];

/** Requests at the same time. The order in which they commit is the order of the notifications. */
const AT_ONCE = 4;

/**
 * A second made-up person, in the same project, who assigns tasks to the visitor's. Nothing notifies you about what you
 * did yourself, so the page needs one. It has a bearer token: the browser's cookie belongs to the visitor's person.
 */
export const createColleague = (context, request, person) => {
  const save = (colleague) => person.change({ colleague }).colleague;

  const join = async (projectId, options) => {
    const colleague = person.get().colleague ?? save({ ...inventPerson(), stage: "new" });
    if (colleague.token && colleague.projectId === projectId) return colleague;
    context.say(`First: ${colleague.name} joins your project.`);
    const token = colleague.token ?? (await signIn(colleague, options));
    await accept(projectId, { ...colleague, token }, options);
    return save({ ...colleague, token, projectId });
  };

  const signIn = async ({ name, email, password }, options) => {
    const why = "A second person, who assigns you tasks: what you do yourself does not notify you.";
    await anonymous("/v1/signup", { name, email, password }, why, "api/accounts/signup.ts#signupRoutes");
    const token = await tokenOf(email, "verify-email", options);
    const verified = "api/accounts/verify-email.ts#verifyEmailRoutes";
    await anonymous("/v1/verify-email", { token }, "The link of the second mail works once.", verified);
    const asked = { email, password, as: "bearer" };
    const source = "api/accounts/login.ts#loginRoutes";
    const { body } = await anonymous("/v1/login", asked, "A token instead of a cookie: yours stays.", source);
    return body.token;
  };

  const accept = async (projectId, { email, token }, options) => {
    await request(
      "POST",
      `/v1/projects/${projectId}/invitations`,
      { email, role: "MEMBER" },
      {
        quiet: true,
        why: "The invitation and its mail were committed together.",
        source: "api/projects/invitations.ts#invitationRoutes",
      },
    );
    const invitation = await tokenOf(email, "invitation", options);
    await request(
      "POST",
      "/v1/invitations/accept",
      { token: invitation },
      {
        ...as(token),
        why: "Only the invited address can accept.",
        source: "api/projects/accept-invitation.ts#acceptInvitationRoutes",
      },
    );
  };

  const tokenOf = async (email, page, options) => {
    const token = await waitForToken(context, email, page, options);
    if (!token) throw new Refused("The mail of the second person has not arrived within three minutes.");
    return token;
  };

  const anonymous = (path, body, why, source) =>
    request("POST", path, body, { anonymous: true, quiet: true, why, source });

  /** Two phones, and no mail per task: a hundred mails would hide the pushes. */
  const prepare = async () => {
    if (person.get().phones) return;
    for (const [platform, name] of PHONES)
      await request(
        "POST",
        "/v1/devices",
        { platform, token: `watch-${name}-${person.get().userId}` },
        {
          quiet: true,
          why: "A phone of yours. It receives what happens from now on.",
          source: "api/devices/register.ts#registerDevice",
        },
      );
    await request(
      "PUT",
      "/v1/notification-choices/task-assigned",
      { inApp: true, push: true, mail: false },
      {
        why: "Pushes only: a hundred mails would hide them.",
        source: "api/notifications/choices.ts#notificationChoiceRoutes",
      },
    );
    person.change({ phones: true });
  };

  const assign = (projectId, { token }, number, times) =>
    request(
      "POST",
      `/v1/projects/${projectId}/tasks`,
      { title: `Task ${number}`, assigneeId: person.get().userId },
      {
        ...as(token),
        quiet: number !== times,
        why: "The task, the notification and the job of its push were committed together.",
        source: "api/http/announce.ts#announce",
      },
    );

  const notify = async (projectId, times, options) => {
    const colleague = await join(projectId, options);
    await prepare();
    let next = 1;
    let last;
    const work = async () => {
      while (next <= times) {
        options?.report?.(`${next} of ${times}`);
        last = await assign(projectId, colleague, next++, times);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return last;
  };

  return { notify };
};

const as = (token) => ({ anonymous: true, quiet: true, headers: { Authorization: `Bearer ${token}` } });

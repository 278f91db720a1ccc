import { waitForToken } from "./inbox.js";
import { hasReached } from "./person.js";
import { Refused } from "./refusals.js";

/** The steps from a stranger to a session, each by the public API. */
export const createAccounts = (context, request, person) => {
  const signUp = async ({ headers } = {}) => {
    const { name, email, password } = person.get();
    const answer = await request(
      "POST",
      "/v1/signup",
      { name, email, password },
      {
        headers,
        why: "The account and the job that mails it were committed together: either both exist, or neither.",
        source: "api/accounts/signup.ts#signupRoutes",
      },
    );
    person.change({ stage: "signed-up" });
    return answer;
  };

  const verify = async (options) => {
    const { email } = person.get();
    context.say("Waiting for the mail with the link.");
    const token = await waitForToken(context, email, "verify-email", options);
    if (!token) throw new Refused("The mail with the link has not arrived within three minutes.");
    const answer = await request(
      "POST",
      "/v1/verify-email",
      { token },
      {
        why: "The link of the mail works once. The same transaction has enqueued the welcome mail.",
        source: "api/accounts/verify-email.ts#verifyEmailRoutes",
      },
    );
    person.change({ stage: "verified" });
    return answer;
  };

  /** Keeps an account whose deletion is scheduled. */
  const logIn = async () => {
    const { email, password } = person.get();
    const answer = await request(
      "POST",
      "/v1/login",
      { email, password },
      {
        why: "The session is a row of PostgreSQL. A login also cancels a scheduled deletion of the account.",
        source: "api/accounts/login.ts#loginRoutes",
      },
    );
    const { body: me } = await request("GET", "/v1/me", undefined, {
      why: "The page reads the id of your account.",
      source: "api/accounts/me.ts#meRoutes",
    });
    person.change({ stage: "in", userId: me.id, deletionAt: undefined });
    return answer;
  };

  /** Does the steps that are missing, and says which. */
  const ensureSession = async (options) => {
    const missing = missingSteps(person.get());
    if (missing.length > 0) context.say(`First: ${missing.join(", ")}.`);
    if (!hasReached(person.get(), "signed-up")) await signUp();
    if (!hasReached(person.get(), "verified")) await verify(options);
    if (!hasReached(person.get(), "in")) await logIn();
    return missing;
  };

  /** Runs work with a session. One that has ended meanwhile is renewed once. */
  const withSession = async (work, options) => {
    await ensureSession(options);
    try {
      return await work();
    } catch (error) {
      if (error.answer?.status !== 401) throw error;
      await logIn();
      return work();
    }
  };

  return { signUp, verify, logIn, ensureSession, withSession };
};

/** In words, for the visitor. */
export const missingSteps = (person) => [
  ...(hasReached(person, "signed-up") ? [] : ["sign up"]),
  ...(hasReached(person, "verified") ? [] : ["verify the address"]),
  ...(hasReached(person, "in") ? [] : ["log in"]),
];

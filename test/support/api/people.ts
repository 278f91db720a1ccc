import type { Response, Test } from "supertest";
import type { TestApp } from "./app.ts";

export interface Person {
  email: string;
  name: string;
  password: string;
}

/** Requests with a user's session cookie. */
export interface SignedIn {
  readonly cookie: string;
  get(path: string): Test;
  post(path: string): Test;
  put(path: string): Test;
  patch(path: string): Test;
  delete(path: string): Test;
}

/** Users of the API: they use only HTTP and their inbox. */
export interface People {
  person(email: string): Person;
  /** Signs up and follows the link in the mail. */
  verified(email: string): Promise<Person>;
  logIn(person: Person, more?: object): Test;
  as(person: Person): Promise<SignedIn>;
  /** `verified` followed by `as`. */
  session(email: string): Promise<SignedIn>;
  cookieOf(response: Response): string;
}

export const tokenIn = (text: string): string => /#([\w-]{43})/.exec(text)?.[1] ?? "no token";
export const codeIn = (text: string): string => /\b(\d{6})\b/.exec(text)?.[1] ?? "no code";

export const createPeople = ({ request, mailTo }: TestApp): People => {
  const person = (email: string) => ({ email, name: "Ada Lovelace", password: "correct horse battery" });
  const logIn = ({ email, password }: Person, more: object = {}) =>
    request.post("/v1/login").send({ email, password, ...more });

  const verified = async (email: string) => {
    await request.post("/v1/signup").send(person(email));
    const { text } = await mailTo(email, "Confirm your email address");
    await request.post("/v1/verify-email").send({ token: tokenIn(text) });
    return person(email);
  };

  const cookieOf = (response: Response) =>
    response
      .get("Set-Cookie")
      ?.find((each) => each.startsWith("session="))
      ?.split(";")[0] ?? "no cookie";

  const as = async (someone: Person): Promise<SignedIn> => {
    const cookie = cookieOf(await logIn(someone));
    return {
      cookie,
      get: (path) => request.get(path).set("Cookie", cookie),
      post: (path) => request.post(path).set("Cookie", cookie),
      put: (path) => request.put(path).set("Cookie", cookie),
      patch: (path) => request.patch(path).set("Cookie", cookie),
      delete: (path) => request.delete(path).set("Cookie", cookie),
    };
  };

  return { person, verified, logIn, as, session: async (email) => as(await verified(email)), cookieOf };
};

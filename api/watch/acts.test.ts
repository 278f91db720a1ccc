import { describe, expect, it } from "vitest";
import {
  createAccounts,
  createPerson,
  createRequests,
  createStorage,
  curlOf,
  explain,
  hasReached,
  inventPerson,
  lineOf,
  missingSteps,
  newestWith,
  Refused,
  tokenIn,
  waitFor,
} from "../../test/support/watch/acts.ts";
import { parseAddress } from "../http/address.ts";

describe("made-up people", () => {
  it("have addresses and passwords that the API accepts, whoever it is", () => {
    const people = Array.from({ length: 18 }, (_, which) => {
      let first = true;
      return inventPerson((below) => (first ? ((first = false), which) : below - 1));
    });
    expect(new Set(people.map(({ name }) => name)).size).toBe(18);
    for (const { name, email, password } of people) {
      expect(parseAddress(email)).toEqual({ email, shown: email });
      expect(name.length).toBeLessThanOrEqual(100);
      expect(password.length).toBeGreaterThanOrEqual(10);
    }
  });

  it("have fresh addresses", () => {
    expect(new Set(Array.from({ length: 200 }, () => inventPerson().email)).size).toBe(200);
  });
});

describe("the person", () => {
  it("continues after a reload with what it has reached", () => {
    const storage = createStorage();
    const { email } = createPerson(storage).change({ stage: "verified" });
    expect(createPerson(storage).get()).toMatchObject({ email, stage: "verified" });
  });

  it("is a new one where another version of the page has stored something", () => {
    expect(createPerson(createStorage({ "offstage.watch.person": "{" })).get()).toMatchObject({
      stage: "new",
    });
  });

  it("is replaced by the one that is given", () => {
    const person = createPerson(createStorage());
    person.change({ stage: "in", projectId: "1" });
    expect(person.replace({ name: "Me", email: "me@x.example", place: undefined })).toMatchObject({
      ...{ name: "Me", email: "me@x.example", stage: "new" },
    });
    expect(person.get()).not.toHaveProperty("projectId");
  });

  it("knows which steps are missing", () => {
    expect(missingSteps({ stage: "new" })).toEqual(["sign up", "verify the address", "log in"]);
    expect(missingSteps({ stage: "verified" })).toEqual(["log in"]);
    expect(missingSteps({ stage: "in" })).toEqual([]);
    expect(hasReached({ stage: "verified" }, "signed-up")).toBe(true);
    expect(hasReached({ stage: "signed-up" }, "verified")).toBe(false);
  });

  it("logs in again when its session has ended, once", async () => {
    const paths: string[] = [];
    const request = async (_method: string, path: string) => {
      paths.push(path);
      return { body: { id: "1" } };
    };
    const person = createPerson(createStorage());
    person.change({ stage: "in" });
    const { withSession } = createAccounts({ say: () => {} }, request, person);
    const ended = new Refused("The session has ended.", { status: 401 });
    const outcomes = [ended, undefined];
    const work = async () => {
      const outcome = outcomes.shift();
      if (outcome) throw outcome;
      return "done";
    };
    expect(await withSession(work)).toBe("done");
    expect(paths).toEqual(["/v1/login", "/v1/me"]);
    await expect(withSession(() => Promise.reject(ended))).rejects.toThrow(ended.message);
  });
});

describe("mails", () => {
  const mail = (text: string) => ({ text });

  it("are read for the token behind the # of a link", () => {
    expect(tokenIn(mail("Go to http://127.0.0.1:3000/verify-email#a-B_9 now"), "verify-email")).toBe("a-B_9");
    expect(tokenIn(mail("http://127.0.0.1:3000/login"), "verify-email")).toBeUndefined();
  });

  it("may be older than others without the link", () => {
    const [welcome, verification] = [mail("Welcome"), mail("http://x/verify-email#t")];
    expect(newestWith([welcome, verification], "verify-email")).toBe(verification);
  });
});

describe("a request", () => {
  const answered = { ok: true, status: 202, ms: 41, jobIds: ["1"], requestId: "watch-1" };
  const createContext = (answer: object) => {
    const seen: unknown[] = [];
    return {
      seen,
      model: { now: () => 0 },
      call: async () => answer,
      narrate: (line: unknown) => seen.push(line),
      select: (id: string) => seen.push(id),
    };
  };

  it("is a line of the story, and its job is shown", async () => {
    const context = createContext(answered);
    const request = createRequests(context);
    await request("POST", "/v1/signup", { name: "Ada" }, { why: "Both.", source: "api/app.ts#createApp" });
    expect(context.seen).toMatchObject([
      { text: "POST /v1/signup was answered 202 in 41 ms.", why: "Both.", kind: "request", jobId: "1" },
      "1",
    ]);
  });

  it("that is refused throws its sentence, after the line", async () => {
    const context = createContext({
      ...answered,
      ok: false,
      status: 422,
      jobIds: [],
      body: { title: "Wrong." },
    });
    await expect(createRequests(context)("POST", "/v1/signup")).rejects.toThrow("Wrong. (422)");
    expect(context.seen).toMatchObject([{ why: "Wrong. (422)" }]);
  });

  it("that got no response is shown as such", () => {
    expect(lineOf({ method: "POST", path: "/v1/signup" }, { status: 0, ms: 9 })).toContain(
      "no response came",
    );
  });

  it("can be copied for a shell, whatever it contains, without its session", () => {
    const headers = { Authorization: "Bearer secret", "Idempotency-Key": "k" };
    const text = curlOf(
      { method: "POST", path: "/v1/signup", body: { name: "O'Neill" }, headers },
      "http://h",
    );
    expect(text).toBe(
      `curl -i -X POST 'http://h/v1/signup' -H 'Idempotency-Key: k' -H 'Content-Type: application/json' -d '{"name":"O'\\''Neill"}'`,
    );
  });
});

describe("a refusal becomes a sentence", () => {
  it("with the limit and the time after which it works again", () => {
    const text = explain({ status: 429, retryAfter: 3_000 }, "/v1/signup");
    expect(text).toContain("50 mails an hour");
    expect(text).toContain("50 minutes");
    expect(explain({ status: 429, retryAfter: 1 }, "/watch/control/poison")).toContain("1 s");
    expect(explain({ status: 429 }, "/v1/other")).toBe("Too many requests.");
  });

  it("with the first field that is wrong, or else the problem's title", () => {
    const errors = [{ field: "email", message: "Enter a valid email address." }];
    const wrong = { status: 422, body: { title: "Some fields are invalid.", errors } };
    expect(explain(wrong, "/v1/signup")).toBe("Enter a valid email address. (422)");
    expect(explain({ status: 500, body: "" }, "/v1/x")).toBe("The request was refused. (500)");
  });
});

describe("waiting", () => {
  const createModel = () => {
    const listeners = new Set<() => void>();
    return {
      listeners,
      change: () => listeners.forEach((listener) => listener()),
      subscribe: (listener: () => void) => (listeners.add(listener), () => listeners.delete(listener)),
    };
  };

  it("ends with what is found after a change", async () => {
    const model = createModel();
    let found: string | undefined;
    const waiting = waitFor(model, () => found);
    found = "it";
    await Promise.resolve();
    model.change();
    expect(await waiting).toBe("it");
    expect(model.listeners.size).toBe(0);
  });

  it("ends with nothing after its time, and rejects when it is cancelled", async () => {
    const model = createModel();
    expect(await waitFor(model, () => undefined, { ms: 1 })).toBeUndefined();
    const signal = AbortSignal.abort(new Error("left"));
    await expect(waitFor(model, () => undefined, { signal })).rejects.toThrow("left");
    expect(model.listeners.size).toBe(0);
  });

  it("ends with the error of the one that looks", async () => {
    await expect(waitFor(createModel(), () => Promise.reject(new Error("gone")))).rejects.toThrow("gone");
  });
});

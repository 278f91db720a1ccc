import { onSubmit, showPart } from "./form.js";
import { checkLink, readToken } from "./link.js";
import { send } from "./post.js";
import { keepInLinks } from "./return.js";

const token = readToken();
if (token) keepInLinks(`?next=invitation#${token}`);

const { ok, body } = token ? await send("GET", "/v1/me") : {};
if (token) showPart(ok ? "ask" : "visitor");
if (ok) document.querySelector("#account").textContent = body.email;

// Requires a click, because mail scanners open every link.
onSubmit(document.querySelector("form"), "/v1/invitations/accept", {
  more: () => ({ token }),
  done: () => showPart("done"),
  failed: (problem) => {
    if (problem.type === "/problems/unauthenticated") showPart("visitor");
    else checkLink(problem);
  },
});

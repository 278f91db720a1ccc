import { post } from "./post.js";

const heading = document.querySelector("h1");
const status = document.querySelector("[role=status]");
const form = document.querySelector("form");

// A click, and not the page's opening, redeems the link: mail scanners open every link once.
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  form.hidden = true;
  const { ok, body } = await post("/v1/verify-email", { token: location.hash.slice(1) });
  heading.textContent = ok ? "Your address is verified" : "This did not work";
  status.textContent = ok ? "Welcome. You can close this page." : body.title;
});

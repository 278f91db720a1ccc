import { post } from "./post.js";

const heading = document.querySelector("h1");
const status = document.querySelector("[role=status]");
const form = document.querySelector("form");

// A click, and not the page's opening: mail scanners open every link once.
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  form.hidden = true;
  const { ok, body } = await post(location.href, {});
  heading.textContent = ok ? "These mails have stopped" : "This did not work";
  status.textContent = ok ? body.message : body.title;
});

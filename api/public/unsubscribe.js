import { onSubmit, turnTo } from "./form.js";
import { checkLink } from "./link.js";

// A click, and not the page's opening: mail scanners open every link once.
onSubmit(document.querySelector("form"), location.href, {
  done: ({ message }) => {
    document.querySelector("#done p").textContent = message;
    turnTo("done");
  },
  refused: checkLink,
});

if (!new URLSearchParams(location.search).get("token")) turnTo("broken");

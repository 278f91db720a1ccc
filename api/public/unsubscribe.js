import { onSubmit, showPart } from "./form.js";
import { checkLink } from "./link.js";

// Requires a click, because mail scanners open every link.
onSubmit(document.querySelector("form"), location.href, {
  done: ({ message }) => {
    document.querySelector("#done p").textContent = message;
    showPart("done");
  },
  failed: checkLink,
});

if (!new URLSearchParams(location.search).get("token")) showPart("broken");

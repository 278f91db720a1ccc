import { showMoment } from "./dates.js";
import { showPart } from "./form.js";

const fragment = new URLSearchParams(location.hash.slice(1));
const at = new Date(fragment.get("at") ?? "");

const show = () => {
  const part = at > new Date() ? "scheduled" : "deleted";
  showPart(part);
  document.querySelector(`#${part} h1`).focus();
  if (part === "deleted") return;
  const time = document.querySelector("time");
  time.dateTime = at.toISOString();
  time.textContent = showMoment(at, fragment.get("zone") ?? "UTC");
};

// Without a date, this page was not reached by a deletion.
if (Number.isNaN(at.getTime())) location.replace("/");
else show();

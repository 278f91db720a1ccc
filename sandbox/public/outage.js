const modes = {
  off: { label: "Works", explanation: "Mail is accepted and shows up here." },
  refuse: {
    label: "Refuses",
    explanation: "Answers 451, “not now”: jobs try again after about 1, 2, 4, 8 … seconds.",
  },
  reject: { label: "Rejects", explanation: "Answers 550, “never”: jobs go straight to the dead letter." },
  slow: { label: "Slow", explanation: "Accepts every mail, but takes 3 seconds each: a queue builds up." },
  hang: {
    label: "Hangs",
    explanation: "Takes the mail and never says so: senders wait 30 s, then send it again.",
  },
};

const group = document.querySelector("#modes");
const explanation = document.querySelector("#explanation");

/** Shows the mode that the provider is in. */
export const showOutage = (mode) => {
  document.body.classList.toggle("broken", mode !== "off");
  group.querySelector(`[value="${mode}"]`).checked = true;
  explanation.textContent = modes[mode].explanation;
};

const turn = (mail) =>
  fetch("/api/outage", {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ mail }),
  });

for (const [mode, { label, explanation: title }] of Object.entries(modes)) {
  const segment = document.createElement("label");
  const input = document.createElement("input");
  Object.assign(input, { type: "radio", name: "mode", value: mode });
  input.addEventListener("change", () => turn(mode));
  segment.title = title;
  segment.append(input, label);
  group.append(segment);
}

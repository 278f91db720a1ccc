const labels = { off: "Works", refuse: "Refuses", reject: "Rejects", slow: "Slow", hang: "Hangs" };

const explanations = {
  mail: {
    off: "Mail is accepted and shows up here.",
    refuse: "Answers 451, “not now”: jobs try again after about 1, 2, 4, 8 … seconds.",
    reject: "Answers 550, “never”: jobs go straight to the dead letter.",
    slow: "Accepts every mail, but takes 3 seconds each: a queue builds up.",
    hang: "Takes the mail and never says so: senders wait 30 s, then send it again.",
  },
  transcription: {
    off: "Every video with sound gets subtitles.",
    refuse: "Answers 503: after half a minute of retries, videos are published without subtitles.",
    reject: "Answers 400, “never”: videos are published at once, without subtitles.",
    slow: "Takes 3 seconds for each ten minutes of sound.",
    hang: "Never answers: after five attempts of 15 s, videos are published without subtitles.",
  },
};

const sections = [...document.querySelectorAll(".outage")];

/** Shows the modes that the providers are in. */
export const showOutages = (outage) => {
  for (const section of sections) {
    const { provider } = section.dataset;
    const mode = outage[provider];
    section.classList.toggle("broken", mode !== "off");
    section.querySelector(`[value="${mode}"]`).checked = true;
    section.querySelector(".explanation").textContent = explanations[provider][mode];
  }
};

const turn = (provider, mode) =>
  fetch("/api/outage", {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ [provider]: mode }),
  });

for (const section of sections) {
  const { provider } = section.dataset;
  for (const [mode, explanation] of Object.entries(explanations[provider])) {
    const segment = document.createElement("label");
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name: provider, value: mode });
    input.addEventListener("change", () => turn(provider, mode));
    segment.title = explanation;
    segment.append(input, labels[mode]);
    section.querySelector(".segments").append(segment);
  }
}

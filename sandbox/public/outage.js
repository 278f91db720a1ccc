const labels = { off: "Works", refuse: "Refuses", reject: "Rejects", slow: "Slow", hang: "Hangs" };

const explanations = {
  mail: {
    off: "Mail is accepted and listed here.",
    refuse: "Responds 451 (temporary): jobs retry after about 1, 2, 4, 8 … s.",
    reject: "Responds 550 (permanent): jobs go to the dead letter at once.",
    slow: "Takes 3 seconds for each mail: the queue grows.",
    hang: "Stores the mail but never responds: senders time out after 30 s and send it again.",
  },
  transcription: {
    off: "Every video with sound gets subtitles.",
    refuse: "Responds 503: after half a minute of retries, videos are published without subtitles.",
    reject: "Responds 400 (permanent): videos are published at once, without subtitles.",
    slow: "Takes 3 seconds for each ten minutes of audio.",
    hang: "Never responds: after five attempts of 15 s, videos are published without subtitles.",
  },
};

const sections = [...document.querySelectorAll(".outage")];

/** Shows the mode of each provider. */
export const showOutages = (outage) => {
  for (const section of sections) {
    const { provider } = section.dataset;
    const mode = outage[provider];
    section.classList.toggle("broken", mode !== "off");
    section.querySelector(`[value="${mode}"]`).checked = true;
    section.querySelector(".explanation").textContent = explanations[provider][mode];
  }
};

const setMode = (provider, mode) =>
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
    input.addEventListener("change", () => setMode(provider, mode));
    segment.title = explanation;
    segment.append(input, labels[mode]);
    section.querySelector(".segments").append(segment);
  }
}

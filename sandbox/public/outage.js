const labels = {
  off: "Works",
  refuse: "Refuses",
  limit: "Limits",
  reject: "Rejects",
  credentials: "Credentials",
  slow: "Slow",
  hang: "Hangs",
};

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
  push: {
    off: "Every push reaches its phone.",
    refuse: "Responds 503 with Retry-After: 2. No push is sent for 2 seconds, and no attempt is spent.",
    limit: "Responds 429 with Retry-After: 2. No push is sent for 2 seconds, and no attempt is spent.",
    reject:
      "Responds 404: the tokens are gone. Devices are removed, ten at most: then it looks like a wrong project.",
    credentials:
      "Responds 401: the service account is wrong. Pushes wait, the log has an alert, no device is removed.",
    slow: "Takes 3 seconds for each push. Other users do not wait.",
    hang: "Delivers, but never responds: senders time out after 10 s and send again. Phones mark the repetition.",
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

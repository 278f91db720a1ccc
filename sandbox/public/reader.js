const find = (id) => document.getElementById(id);

const tabs = ["html", "text", "headers"];
let preferred = "html";
let shown = "";

/** Shows a mail, or a hint if there is none. */
export const showMail = (mail, total) => {
  find("reader").hidden = !mail;
  find("empty").hidden = Boolean(mail);
  if (!mail) return showEmpty(total);

  find("copies").hidden = mail.copies < 2;
  find("copies").textContent = `arrived ${mail.copies} times`;
  if (mail.id === shown) return;
  shown = mail.id;

  find("subject").textContent = mail.subject || "(no subject)";
  find("from").textContent = mail.from;
  find("to").textContent = mail.to;
  find("arrived").textContent = new Date(mail.receivedAt).toLocaleString();
  find("message-id").textContent = mail.messageId;
  find("attached").textContent = mail.attachments
    .map(({ filename, bytes }) => `${filename} (${Math.ceil(bytes / 1_000)} kB)`)
    .join(", ");
  for (const id of ["attachments", "attached"]) find(id).hidden = mail.attachments.length === 0;
  find("view-text").textContent = mail.text;
  find("view-headers").textContent = mail.headers;
  // `replace` adds no entry to the history, so that Back closes the mail.
  find("frame").contentWindow.location.replace(`/inbox/messages/${mail.id}/html`);

  find("tab-html").disabled = mail.html === "";
  find("tab-text").disabled = mail.text === "";
  select(tabs.find((tab) => tab === preferred && !find(`tab-${tab}`).disabled) ?? firstEnabled());
};

const showEmpty = (total) => {
  shown = "";
  find("empty-title").textContent = total ? "No mail selected" : "No mail yet";
  find("empty-hint").textContent = total
    ? "Select one from the list."
    : "All mail from the application arrives here and is not delivered. Sign up to get the first one.";
};

const firstEnabled = () => tabs.find((tab) => !find(`tab-${tab}`).disabled);

const select = (selected) => {
  for (const tab of tabs) {
    find(`tab-${tab}`).setAttribute("aria-selected", String(tab === selected));
    find(`view-${tab}`).hidden = tab !== selected;
  }
};

for (const tab of tabs) {
  find(`tab-${tab}`).addEventListener("click", () => {
    preferred = tab;
    select(tab);
  });
}

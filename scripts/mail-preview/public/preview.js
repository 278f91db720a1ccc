const [list, subject, stage, frame, text, problem, switches] = [
  "list",
  "subject",
  "stage",
  "frame",
  "text",
  "problem",
  "switches",
].map((id) => document.getElementById(id));

let mails = [];

const load = async () => {
  const response = await fetch("mails");
  const body = await response.json();
  problem.hidden = response.ok;
  if (!response.ok) return void (problem.textContent = body.problem);
  mails = body;
  list.replaceChildren(...mails.map(entry));
  show();
};

const entry = ({ name, subject }) => {
  const link = Object.assign(document.createElement("a"), { href: `#${name}` });
  link.append(span("to", name), span("subject", subject));
  const item = document.createElement("li");
  item.append(link);
  return item;
};

const span = (className, textContent) =>
  Object.assign(document.createElement("span"), { className, textContent });

const show = () => {
  const mail = mails.find(({ name }) => `#${name}` === location.hash) ?? mails[0];
  const { part, scheme, width } = switches.elements;
  for (const link of list.querySelectorAll("a"))
    link.toggleAttribute("aria-current", link.hash === `#${mail.name}`);
  subject.textContent = mail.subject;
  text.textContent = mail.text;
  text.hidden = part.value !== "text";
  stage.hidden = part.value !== "html";
  stage.classList.toggle("narrow", width.value === "narrow");
  frame.src = `mails/${mail.name}/${scheme.value}`;
};

addEventListener("hashchange", show);
switches.addEventListener("change", show);
new EventSource("changes").addEventListener("message", load);
await load();

const list = document.querySelector("#list");
const rows = new Map();

/** Shows the mails found, newest first. Existing rows are kept in place. */
export const showList = ({ total, messages }, selected, search) => {
  const found = new Set(messages.map(({ id }) => id));
  for (const id of rows.keys()) if (!found.has(id)) remove(id);
  messages.forEach((message, index) => place(rows.get(message.id) ?? create(message), index));
  for (const [id, row] of rows) row.firstChild.ariaCurrent = id === selected ? "true" : null;

  document.querySelector("#count").textContent = countLine(total, messages.length, search);
  document.querySelector("#clear").disabled = total === 0;
};

const remove = (id) => {
  rows.get(id).remove();
  rows.delete(id);
};

const place = (row, index) => {
  if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
};

const create = ({ id, to, subject, receivedAt }) => {
  const arrived = new Date(receivedAt);
  const link = document.createElement("a");
  link.href = `#${id}`;
  link.classList.toggle("fresh", Date.now() - arrived < 5_000);
  link.append(
    part("to", to),
    part("time", arrived.toLocaleTimeString()),
    part("subject", subject || "(no subject)"),
  );
  const row = document.createElement("li");
  row.append(link);
  rows.set(id, row);
  return row;
};

const part = (name, text) => {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = text;
  return element;
};

const countLine = (total, shown, search) => {
  const mails = total === 1 ? "1 mail" : `${total.toLocaleString()} mails`;
  const to = search ? ` to “${search}”` : "";
  return total > shown ? `${mails}${to}, newest ${shown} shown` : `${mails}${to}`;
};

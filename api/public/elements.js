/** Makes an element. Texts are text, never HTML. */
export const make = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children.filter((child) => child !== undefined && child !== ""));
  return element;
};

/** Text of a person, which may be written from right to left. */
export const personal = (textContent, name = "bdi") => make(name, { dir: "auto", textContent });

/** A button that runs `onClick`; `label` is its name where its text alone is ambiguous. */
export const button = (textContent, { onClick, label, className = "plain" }) => {
  const made = make("button", { type: "button", className, textContent });
  if (label) made.ariaLabel = label;
  made.addEventListener("click", () => onClick(made));
  return made;
};

export const option = (value, textContent, selected = false) =>
  make("option", { value, textContent, selected });

/** Fills a select, and keeps its value if it is still offered. */
export const fill = (select, options, value = select.value) => {
  select.replaceChildren(...options);
  if (options.some((each) => each.value === value)) select.value = value;
};

export const one = (count, singular, plural = `${singular}s`) =>
  `${count} ${count === 1 ? singular : plural}`;

export const sizeOf = (bytes) => {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
};

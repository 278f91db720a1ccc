import { html, nothing, render } from "./lit/lit-html.js";

/** A button that opens the code of "path#symbol". */
export const sourceButton = (source) => {
  if (!source) return nothing;
  const [path, symbol] = source.split("#");
  const name = `${path.split("/").at(-1)}#${symbol}`;
  return html`<button
    type="button"
    class="link"
    aria-label="Code: ${name}"
    @click=${() => openCode(path, symbol)}
  >
    <span class="mono">${name}</span>
  </button>`;
};

/** A button that opens the page of a concept. */
export const conceptButton = (concept) =>
  concept
    ? html`<button
        type="button"
        class="link"
        aria-label="Concept: ${concept}"
        @click=${() => openConcept(concept)}
      >
        ${concept}
      </button>`
    : nothing;

const openCode = (path, symbol) => open(path, { symbol, title: symbol });

const openConcept = (concept) => open(`docs/concepts/${concept}.md`, { title: concept, step: concept });

let dialog;

const open = async (path, { symbol, title, step }) => {
  dialog ??= document.body.appendChild(makeDialog());
  show({ path, title, step });
  if (!dialog.open) dialog.showModal();
  const parameters = new URLSearchParams({ path, ...(symbol && { symbol }) });
  const found = await load(`/watch/source?${parameters}`);
  show({ path, title, step, ...found });
};

const makeDialog = () => {
  const made = document.createElement("dialog");
  made.className = "code";
  made.setAttribute("aria-labelledby", "code-title");
  // A click on the backdrop closes it, as Escape does.
  made.addEventListener("click", ({ target }) => target === made && made.close());
  return made;
};

const load = async (url) => {
  try {
    const response = await fetch(url);
    if (!response.ok)
      return { problem: response.status === 404 ? "This file is not there." : "It cannot be read now." };
    return await response.json();
  } catch {
    return { problem: "The server does not respond." };
  }
};

const show = ({ path, title, step, lines, first, line, problem }) =>
  render(
    html`<div class="code-body">
      <header>
        <div>
          <h3 id="code-title">${title}</h3>
          <p class="mono quiet">${path}${line ? `:${line}` : ""}</p>
        </div>
        <button type="button" class="small" @click=${() => dialog.close()}>Close</button>
      </header>
      ${problem ? html`<p role="alert">${problem}</p>` : nothing}
      ${lines ? text(path, lines, first, line) : nothing}
      ${step ? html`<p><a href="#step=${step}" @click=${() => dialog.close()}>Do it in the tour</a></p>` : nothing}
    </div>`,
    dialog,
  );

const text = (path, lines, first = 1, line = 0) =>
  path.endsWith(".md")
    ? html`<div class="prose">
        ${lines
          .join("\n")
          .split(/\n{2,}/)
          .map(block)}
      </div>`
    : code(lines, first, line);

/** A heading, a paragraph or a list of a concept's page. Links show their text only: they lead to files. */
const block = (markdown) => {
  const plain = markdown
    .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, "$1")
    .replaceAll(/[`*_]{1,2}(\S[^`*]*?)[`*_]{1,2}/g, "$1");
  if (plain.startsWith("#")) return html`<h4>${plain.replace(/^#+\s*/, "")}</h4>`;
  if (/^(```|\|)/.test(markdown)) return html`<pre>${markdown.replaceAll("```", "").trim()}</pre>`;
  if (/^[-*] /.test(plain))
    return html`<ul>
      ${plain.split(/\n(?=[-*] )/).map((item) => html`<li>${item.slice(2)}</li>`)}
    </ul>`;
  return html`<p>${plain}</p>`;
};

const code = (lines, first, line) => html`
  <div class="listing" tabindex="0" role="group" aria-label="Code from line ${first}">
    <ol>
      ${lines.map(
        (each, index) =>
          html`<li class=${first + index === line ? "marked" : ""}>
            <span class="number" aria-hidden="true">${first + index}</span><code>${each || " "}</code>
          </li>`,
      )}
    </ol>
  </div>
`;

import { html, nothing } from "./lit/lit-html.js";
import { plural } from "./numbers.js";
import { clock } from "./words.js";

const empty = (text) => html`<p class="empty">${text}</p>`;

/** Without a session, the API shows nothing of a person. */
const needsSession = () =>
  empty("Verify the address first: then the page logs in, and shows what belongs to the person.");

/** The mails of the person, and the selected one as its recipient sees it. */
export const inbox = (mails, { mail, message, email, onSelect, onLink }) => {
  if (!mails) return empty("Loading…");
  if (mails.length === 0)
    return empty(email ? `No mail to ${email} yet.` : "No mail yet. Sign up to get the first one.");
  return html`
    <ul class="mails">
      ${mails.slice(0, 6).map(
        ({ id, subject, receivedAt }) =>
          html`<li>
            <button
              type="button"
              aria-current=${id === mail?.id ? "true" : nothing}
              @click=${() => onSelect(id)}
            >
              <span>${subject || "(no subject)"}</span
              ><time datetime=${receivedAt}>${clock(receivedAt)}</time>
            </button>
          </li>`,
      )}
    </ul>
    ${mail ? shown(mail, message, onLink) : nothing}
  `;
};

const shown = ({ id, subject, to, copies, links, html: body, text }, message, onLink) => html`
  <article class="mail">
    <p class="quiet">To ${to}${copies > 1 ? ` · arrived ${copies} times` : ""}</p>
    ${
      body
        ? html`<iframe
            title="Mail: ${subject}"
            src="/watch/control/inbox/${id}/html"
            sandbox="allow-popups allow-popups-to-escape-sandbox"
          ></iframe>`
        : html`<pre>${text}</pre>`
    }
    <p class="tools">
      ${links.slice(0, 3).map((link) => linkOf(link, onLink))}
      <span class="quiet" role="status">${message}</span>
    </p>
  </article>
`;

const linkOf = (link, onLink) =>
  link.page === "verify-email"
    ? html`<button type="button" class="small" @click=${() => onLink(link)}>${link.label}</button>`
    : html`<a class="button-like" href=${link.href} target="_blank" rel="noreferrer">${link.label}</a>`;

const sizeOf = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

const progressOf = ({ state, progress, problem, steps = [] }) => {
  if (state === "FAILED") return html`<p class="error-text">${problem}</p>`;
  if (state === "READY") return nothing;
  const running = steps.filter((step) => step.state === "RUNNING").map(({ name }) => name);
  return html`<p class="quiet">
    <progress max="1" .value=${progress} aria-label="Progress"></progress>
    ${running.length > 0 ? [...new Set(running)].join(", ") : "waiting"}
  </p>`;
};

/** All sizes and formats of the newest picture, largest first. */
export const picture = (upload) => {
  if (upload === undefined) return needsSession();
  if (!upload) return empty("No picture yet. Upload one.");
  const files = upload.files
    .filter(({ role }) => role === "VARIANT")
    .toSorted((one, other) => other.width - one.width);
  const best = files.find(({ contentType }) => contentType === "image/webp") ?? files[0];
  return html`
    <h4>${upload.filename}</h4>
    ${progressOf(upload)}
    ${best ? html`<img class="large" src=${best.url} width=${best.width} height=${best.height} alt="${upload.filename}, ${best.width} by ${best.height}" />` : nothing}
    ${
      files.length > 0
        ? html`<table class="files">
            <thead>
              <tr>
                <th scope="col">Size</th>
                ${formats(files).map((format) => html`<th scope="col">${format}</th>`)}
              </tr>
            </thead>
            <tbody>
              ${[...Map.groupBy(files, ({ width, height }) => `${width} × ${height}`)].map(
                ([size, some]) =>
                  html`<tr>
                    <th scope="row">${size}</th>
                    ${formats(files).map((format) => cell(some, format))}
                  </tr>`,
              )}
            </tbody>
          </table>`
        : nothing
    }
  `;
};

const formatOf = ({ contentType }) => contentType.split("/")[1].toUpperCase();
const formats = (files) => [...new Set(files.map(formatOf))].toSorted();

const cell = (files, format) => {
  const file = files.find((each) => formatOf(each) === format);
  return html`<td>
    ${file ? html`<a href=${file.url} target="_blank" rel="noreferrer" aria-label="${format}, ${file.width} by ${file.height}">${sizeOf(file.bytes)}</a>` : "–"}
  </td>`;
};

const ROLES = {
  ...{ VARIANT: "variant", RENDITION: "rendition", PLAYLIST: "playlist", POSTER: "frame" },
  SUBTITLES: "subtitle file",
};

/** The newest video in a player with its subtitles. */
export const video = (upload, { unplayable = false } = {}) => {
  if (upload === undefined) return needsSession();
  if (!upload) return empty("No video yet. Upload one.");
  const playlist = upload.files.find(({ role }) => role === "PLAYLIST");
  const poster = upload.files.find(({ role }) => role === "POSTER")?.url;
  const subtitles = upload.files.find(({ contentType }) => contentType === "text/vtt");
  return html`
    <h4>${upload.filename}</h4>
    ${progressOf(upload)}
    ${
      playlist && upload.state === "READY"
        ? html`<video
            controls
            playsinline
            muted
            preload="metadata"
            crossorigin="anonymous"
            poster=${poster ?? nothing}
            data-playlist=${playlist.url}
          >
            ${subtitles ? html`<track kind="subtitles" label="Subtitles" src=${subtitles.url} default />` : nothing}
          </video>`
        : nothing
    }
    ${unplayable ? html`<p class="quiet">This browser plays it only with hls.js, which is not installed here. <a href=${upload.url}>Download the video</a></p>` : nothing}
    ${upload.note ? html`<p class="quiet">${upload.note}</p>` : nothing}
    <p class="quiet">
      ${plural(upload.files.length, "file")}:
      ${[...Map.groupBy(upload.files, ({ role }) => role)].map(([role, some]) => plural(some.length, ROLES[role])).join(", ")}
    </p>
  `;
};

/** The first page of the newest report where the browser shows PDFs; else a link. */
export const report = (found) => {
  if (found === undefined) return needsSession();
  if (!found) return empty("No report yet. Ask for one.");
  const { state, projectName, pages, bytes, url, problem, progress } = found;
  return html`
    <h4>${projectName}</h4>
    ${progressOf({ state, progress, problem })}
    ${state === "READY" && navigator.pdfViewerEnabled ? html`<iframe class="pdf" title="PDF: ${projectName}" src="${url}#page=1&view=FitH&toolbar=0"></iframe>` : nothing}
    ${state === "READY" ? html`<p class="quiet"><a href=${url} target="_blank" rel="noreferrer">Open the PDF</a> · ${plural(pages, "page")} · ${sizeOf(bytes)}</p>` : nothing}
  `;
};

const PLATFORMS = { ANDROID: "Android", IOS: "iPhone", WEB: "Browser" };

/** The phones with their notifications in the order of their numbers, as they arrived. */
export const phones = (list) => {
  if (!list) return empty("Loading…");
  const used = list.filter(({ pushes }) => pushes.length > 0);
  if (used.length === 0) return empty("No notification yet. Send some: they arrive here, in their order.");
  return html`<ul class="phones">
    ${used.slice(0, 4).map(
      ({ platform, pushes, total }) =>
        html`<li class="phone">
          <h4>
            ${PLATFORMS[platform] ?? "Device"} <span class="quiet">${plural(total, "push", "pushes")}</span>
          </h4>
          <ol>
            ${pushes
              .slice(-20)
              .reverse()
              .map(
                ({ sequence, title, body, receivedAt, repeated }) =>
                  html`<li class=${repeated ? "repeated" : ""}>
                    <span class="mono">#${sequence ?? "–"}</span>
                    <span
                      ><strong>${title || "(no title)"}</strong
                      >${body ? html`<br />${body}` : nothing}${repeated ? html`<br /><em>arrived again</em>` : nothing}</span
                    >
                    <time datetime=${receivedAt}>${clock(receivedAt)}</time>
                  </li>`,
              )}
          </ol>
        </li>`,
    )}
  </ul>`;
};

import { html, nothing, render } from "./lit/lit-html.js";
import { attach } from "./player.js";
import { readInbox, readMail, readPhones, readReport, readUpload } from "./results-data.js";
import { inbox, phones, picture, report, video } from "./results-views.js";

/** Milliseconds in which several changes lead to one look. */
const TOGETHER = 400;

const TABS = [
  { id: "inbox", label: "Inbox", jobs: ["email"] },
  { id: "picture", label: "Picture", jobs: ["image-resize"] },
  {
    id: "video",
    label: "Video",
    jobs: ["video-encode", "video-package", "video-publish", "video-transcribe"],
  },
  { id: "pdf", label: "PDF", jobs: ["report-generate"] },
  { id: "phones", label: "Phones", jobs: ["push-notify"] },
];

/** What the jobs made: the mail, the picture, the video, the PDF, the notifications. */
export const createResults = (section, context) => {
  const state = { tab: "inbox", fresh: new Set(), mail: undefined, data: {} };
  const email = () => context.acts?.person?.get().email;

  const loaders = {
    inbox: async () => {
      const mails = await readInbox(email());
      const wanted = mails.find(({ id }) => id === state.chosen) ?? mails[0];
      if (wanted && wanted.id !== state.mail?.id) state.mail = await readMail(wanted.id);
      if (!wanted) state.mail = undefined;
      return mails;
    },
    picture: () => readUpload("IMAGE"),
    video: () => readUpload("VIDEO"),
    pdf: readReport,
    phones: readPhones,
  };

  const reads = new Map(TABS.map(({ id }) => [id, { begun: 0, shown: 0 }]));

  /** Reads may overlap: one that began earlier does not replace what a later one has found. */
  const load = async (tab) => {
    const read = reads.get(tab);
    const number = ++read.begun;
    const found = await loaders[tab]();
    if (number < read.shown) return;
    read.shown = number;
    // A video that plays, and a PDF that is read, stay as long as they are the same.
    if (JSON.stringify(state.data[tab]) === JSON.stringify(found)) return;
    state.data = { ...state.data, [tab]: found };
    draw();
  };

  const open = (tab, { focus = false } = {}) => {
    state.tab = tab;
    state.fresh.delete(tab);
    draw();
    if (focus) section.querySelector(`#tab-${tab}`).focus();
    void load(tab);
  };

  const keys = (event) => {
    const index = TABS.findIndex(({ id }) => id === state.tab);
    const last = TABS.length - 1;
    const next = {
      ArrowRight: index === last ? 0 : index + 1,
      ArrowLeft: index === 0 ? last : index - 1,
      Home: 0,
      End: last,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    open(TABS[next].id, { focus: true });
  };

  /** Stays until another one is chosen. Otherwise the newest mail is shown. */
  const selectMail = async (id) => {
    state.chosen = id;
    state.mail = (await readMail(id)) ?? state.mail;
    draw();
  };

  /** The link of a mail: verifying is done here, so that one sees its jobs; all else opens in a tab. */
  const followLink = async ({ token }) => {
    state.message = await verify(token);
    context.say(state.message);
    draw();
  };

  const verify = async (token) => {
    const { acts, call } = context;
    const isPerson = state.mail?.to === email();
    if (!isPerson) return messageOf(await call("POST", "/v1/verify-email", { token }));
    try {
      await acts.verify({});
      await acts.logIn({});
      return VERIFIED;
    } catch (error) {
      return error.message;
    }
  };

  const draw = () => {
    render(panel(), section);
    for (const player of section.querySelectorAll("video")) void attach(player).catch(showUnplayable);
  };

  const showUnplayable = () => {
    state.unplayable = true;
    render(panel(), section);
  };

  const panel = () => html`
    <div class="result-tabs" role="tablist" aria-label="Results" @keydown=${keys}>${TABS.map(tabOf)}</div>
    <div
      id="result-panel"
      role="tabpanel"
      aria-labelledby="tab-${state.tab}"
      tabindex="0"
      class="result ${state.tab}"
    >
      ${views[state.tab](state.data[state.tab])}
    </div>
  `;

  const tabOf = ({ id, label }) => html`
    <button
      type="button"
      role="tab"
      id="tab-${id}"
      aria-selected=${id === state.tab}
      aria-controls=${id === state.tab ? "result-panel" : nothing}
      tabindex=${id === state.tab ? 0 : -1}
      @click=${() => open(id)}
    >
      ${label}${state.fresh.has(id) ? html`<span class="fresh"><span class="unseen">, new</span></span>` : nothing}
    </button>
  `;

  const views = {
    inbox: (mails) =>
      inbox(mails, {
        mail: state.mail,
        message: state.message,
        email: email(),
        onSelect: selectMail,
        onLink: followLink,
      }),
    ...{ picture, pdf: report, phones },
    video: (upload) => video(upload, state),
  };

  const waiting = new Set();
  const loadSoon = (tab) => {
    if (tab !== state.tab) return void state.fresh.add(tab);
    if (waiting.has(tab)) return;
    waiting.add(tab);
    setTimeout(() => {
      waiting.delete(tab);
      void load(tab);
    }, TOGETHER);
  };

  context.model.subscribe(({ jobs }) => {
    // The frames of a video are resized as a part of its flow: they are no pictures of their own.
    const own = jobs.map(({ after }) => after).filter((job) => context.model.isMine(job) && !isOfVideo(job));
    const ended = new Set(own.filter(({ phase }) => phase === "done").map(({ name }) => name));
    const moved = new Set(own.map(({ name }) => name));
    for (const { id, jobs: names } of TABS) {
      if (names.some((name) => ended.has(name))) loadSoon(id);
      else if (id === state.tab && names.some((name) => moved.has(name))) loadSoon(id);
    }
    if (ended.size > 0) draw();
  });
  context.acts?.person?.onChange(() => loadSoon(state.tab));
  open(state.tab);
};

const isOfVideo = ({ name, parentId }) => name === "image-resize" && Boolean(parentId);

const VERIFIED = "The address is verified.";

const messageOf = ({ ok, body }) =>
  ok ? VERIFIED : (body?.detail ?? body?.title ?? "The server does not respond.");

import { html, render, nothing } from "./lit/lit-html.js";
import { createActs } from "./acts.js";
import { createPerson } from "./person.js";
import { personCard } from "./person-card.js";
import { createTasks } from "./tasks.js";
import { PICTURES, thumbnail } from "./pictures.js";

/** Seconds in which an account can still be kept. */
const secondsLeft = (deletionAt, now) => Math.max(0, Math.ceil((Date.parse(deletionAt) - now) / 1_000));

/** What the visitor does. Everything that the page knows about its person survives a reload. */
export const createAct = (section, context) => {
  const person = createPerson();
  const acts = createActs(context, person);
  const tasks = createTasks(context, () => draw());
  const stopCountdown = { call: undefined };

  const draw = () => {
    render(panel(), section);
    watchDeletion();
  };

  const panel = () => html`
    <p class="quiet">
      New here?
      <button type="button" class="link" @click=${() => context.goTo()}>Take the tour</button>
    </p>
    ${personCard(person.get(), { onChoose: choose, onAnother: () => person.replace() })}
    <ul class="acts">
      ${signUpAct()} ${verifyAct()} ${pictureAct()} ${fileAct()} ${reportAct()} ${notifyAct()}
      ${scheduleAct()} ${accountAct()}
    </ul>
  `;

  const signUpAct = () =>
    act("sign-up", {
      label: person.get().stage === "new" ? "Sign up" : "Sign up another person",
      hint: "One account, one mail.",
      run: () => {
        if (person.get().stage !== "new") person.replace();
        return acts.signUp();
      },
    });

  const verifyAct = () =>
    act("verify", {
      label: "Verify the address",
      hint: "With the link of the mail in the inbox.",
      off: person.get().stage === "verified" || person.get().stage === "in",
      run: async (options) => {
        if (person.get().stage === "new") await acts.signUp();
        await acts.verify(options);
        return acts.logIn();
      },
    });

  const pictureAct = () => html`
    <li class="act">
      <span class="act-name" id="pictures">Upload a picture</span>
      <span class="samples" role="group" aria-labelledby="pictures">
        ${PICTURES.map(
          ({ id, label }) => html`
            <button
              type="button"
              class="sample"
              aria-label="Upload the picture ${label}"
              title=${label}
              aria-disabled=${tasks.isBusy("picture")}
              @click=${() => start("picture", (options) => acts.picture(id, options))}
            >
              ${drawn(id)}
            </button>
          `,
        )}
      </span>
      ${outcome("picture")}
    </li>
  `;

  const thumbnails = new Map();
  const drawn = (id) => {
    if (!thumbnails.has(id)) thumbnails.set(id, thumbnail(id));
    return thumbnails.get(id);
  };

  const fileAct = () => html`
    ${act("video", {
      label: "Upload a video",
      hint: "Five seconds with sound: several renditions, frames and subtitles.",
      run: (options) => acts.video(options),
    })}
    <li class="act">
      <label class="own-file">
        <span>or a file of yours</span>
        <input type="file" accept="image/*,video/*" @change=${sendOwn} />
      </label>
      ${outcome("file")}
    </li>
  `;

  const sendOwn = ({ target }) => {
    const [file] = target.files;
    if (file) start("file", (options) => acts.uploadFile(file, options));
    target.value = "";
  };

  const reportAct = () =>
    act("report", {
      label: "Ask for a report",
      hint: "A PDF about a project.",
      run: (options) => acts.report(options),
    });

  const notifyAct = () =>
    act("notify", {
      label: "Send 100 notifications",
      hint: "A colleague assigns you 100 tasks; two phones of yours get them in order.",
      run: (options) => acts.notify(100, options),
    });

  const scheduleAct = () =>
    person.get().scheduled
      ? act("schedule", {
          label: "Stop the report of every minute",
          hint: "It recurs until you stop it.",
          run: async (options) => (await acts.unschedule(options), person.change({ scheduled: undefined })),
        })
      : act("schedule", {
          label: "Schedule a report for every minute",
          hint: "One job at each full minute.",
          run: async (options) => (await acts.schedule(options), person.change({ scheduled: true })),
        });

  const accountAct = () => (person.get().deletionAt ? keepAct() : deleteAct());

  const deleteAct = () =>
    act("account", {
      label: "Delete the account",
      hint: "In 30 seconds. Until then, logging in keeps it.",
      danger: true,
      run: (options) => acts.deleteAccount(options),
    });

  const keepAct = () => {
    const left = secondsLeft(person.get().deletionAt, context.model.now());
    if (left === 0)
      return html`<li class="act">
        <p class="outcome">The account's 30 seconds are over: it is being deleted. Sign up another person.</p>
      </li>`;
    return act("account", {
      label: `Log in and keep the account (${left} s)`,
      hint: "Cancels the job that would delete it.",
      run: () => acts.keepAccount(),
    });
  };

  const act = (id, { label, hint, run, off = false, danger = false }) => html`
    <li class="act">
      <button
        type="button"
        class=${danger ? "do danger" : "do"}
        aria-disabled=${off || tasks.isBusy(id)}
        aria-busy=${tasks.isBusy(id)}
        aria-describedby="hint-${id}"
        @click=${() => !off && start(id, run)}
      >
        ${label}
      </button>
      <span class="hint" id="hint-${id}">${hint}</span>
      ${outcome(id)}
    </li>
  `;

  const outcome = (id) => {
    const { text, error } = tasks.outcomeOf(id);
    return text ? html`<p class=${error ? "outcome error" : "outcome"}>${text}</p>` : nothing;
  };

  const start = (id, run) => void tasks.start(id, run);

  const choose = (chosen) => {
    person.replace(chosen);
    start("sign-up", () => acts.signUp());
  };

  /** The number of seconds on the button. */
  const watchDeletion = () => {
    const waits = person.get().deletionAt && secondsLeft(person.get().deletionAt, context.model.now()) > 0;
    if (waits && !stopCountdown.call) stopCountdown.call = context.clock.every(500, draw);
    else if (!waits) stopCountdown.call = void stopCountdown.call?.();
  };

  person.onChange(draw);
  draw();
  return { acts: { ...acts, person } };
};

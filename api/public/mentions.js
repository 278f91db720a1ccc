import { make, personal } from "./elements.js";

/** People that are offered at once. */
const OFFERED = 6;

/** Offers the members of a project while a name is typed after an @. `candidates` returns them. */
export const offerMentions = (field, list, candidates) => {
  let offered = [];
  let active = 0;
  /** The place of an @ that nothing is offered for any more. */
  let dismissed;

  const showList = () => {
    list.replaceChildren(...offered.map(makeOption));
    list.hidden = offered.length === 0;
    if (list.hidden) return field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-activedescendant", `mention-${active}`);
    list.children[active].scrollIntoView({ block: "nearest" });
  };

  const makeOption = (member, index) => {
    const option = make("li", { id: `mention-${index}`, role: "option" }, personal(member.name));
    option.append(make("span", { className: "address", textContent: member.email }));
    option.ariaSelected = String(index === active);
    // Not on click, which comes after the field has lost the focus.
    option.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      insert(member);
    });
    return option;
  };

  const offer = () => {
    const typed = typedName(field);
    if (typed?.at !== dismissed) dismissed = undefined;
    offered = typed && dismissed === undefined ? matching(candidates(), typed.name) : [];
    active = 0;
    showList();
  };

  const close = () => {
    dismissed = typedName(field)?.at;
    offered = [];
    showList();
  };

  const insert = ({ name }) => {
    const { at } = typedName(field);
    field.setRangeText(`@${name} `, at, field.selectionStart, "end");
    close();
    dismissed = at;
  };

  const keys = {
    ArrowDown: () => (active = (active + 1) % offered.length),
    ArrowUp: () => (active = (active + offered.length - 1) % offered.length),
    Enter: () => insert(offered[active]),
    Tab: () => insert(offered[active]),
    Escape: close,
  };

  field.addEventListener("input", offer);
  field.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing || event.shiftKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
    if (!list.hidden) showList();
  });
  // The caret has moved: by other keys, or the pointer.
  field.addEventListener("selectionchange", () => list.hidden || typedName(field) || close());
  field.addEventListener("blur", close);
};

/** The name that is being typed in front of the caret, and the place of its @. An @ in a word is part of an address. */
const typedName = ({ value, selectionStart, selectionEnd }) => {
  if (selectionStart !== selectionEnd) return undefined;
  const [whole, name] =
    /(?<![\p{L}\p{N}\p{M}_])@([^@\s][^@\n]{0,99}|)$/u.exec(value.slice(0, selectionStart)) ?? [];
  return whole === undefined ? undefined : { at: selectionStart - whole.length, name: keyOf(name) };
};

/** Those with a name, or a part of one, that begins so. A name that is complete is not offered. */
const matching = (members, typed) =>
  members
    .map((member) => ({ member, key: keyOf(member.name) }))
    .filter(({ key }) => key !== typed && (key.startsWith(typed) || key.includes(` ${typed}`)))
    .sort(
      (a, b) =>
        Number(b.key.startsWith(typed)) - Number(a.key.startsWith(typed)) || a.key.localeCompare(b.key),
    )
    .slice(0, OFFERED)
    .map(({ member }) => member);

const keyOf = (name) => name.normalize().toLowerCase();

/** A text with the members that it mentions marked, by the rules of api/projects/mentions.ts. */
export const withMentions = (text, members, ownId) => {
  const names = members.map(({ name }) => name.normalize()).sort((a, b) => b.length - a.length);
  if (names.length === 0) return [text];
  const anyName = names.map((name) => name.replace(SYNTAX, "\\$&").replace(/\s+/g, "\\s+")).join("|");
  const mention = new RegExp(`(?<![\\p{L}\\p{N}\\p{M}_])(@(?:${anyName}))(?![\\p{L}\\p{N}\\p{M}_])`, "giu");
  const own = members.find(({ userId }) => userId === ownId)?.name ?? "";
  // The parts with an odd index are the mentions.
  return text
    .normalize()
    .split(mention)
    .map((part, index) => (index % 2 ? makeMention(part, own) : part));
};

const makeMention = (textContent, own) => {
  const isOwn = keyOf(textContent.slice(1)).replace(/\s+/g, " ") === keyOf(own).replace(/\s+/g, " ");
  return make(isOwn ? "mark" : "span", { className: "mention", textContent });
};

/** What a regular expression would not read as itself. */
const SYNTAX = /[$()*+./?[\\\]^{|}]/g;

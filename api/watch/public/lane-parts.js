import { element, setAttribute, setText } from "./elements.js";
import { count, rate } from "./numbers.js";
import { countAt, STATIONS } from "./phases.js";

/** The elements of a lane: its head, its five stations, the list of its tokens, and why its jobs wait. */
export const createParts = (name) => {
  let chosenOpen;
  const node = element("li", { class: "lane", "data-lane": name });
  const title = element("h3");
  const toggle = element("button", { type: "button", class: "lane-name", "aria-expanded": "false" }, name);
  const rateText = element("span", { class: "rate" });
  const spark = element("span", { class: "spark" });
  const head = element("div", { class: "lane-head" });
  const track = element("div", { class: "track" });
  const tokens = element("ul", { class: "tokens", "aria-label": name });
  const reason = element("p", { class: "reason", hidden: "" });
  const stations = new Map(STATIONS.map((station) => [station.name, createStation(station)]));
  title.append(toggle);
  head.append(title, spark, rateText);
  track.append(...[...stations.values()].map((station) => station.node), tokens);
  node.append(head, track, reason);
  return {
    node,
    tokens,
    reason,
    spark,
    stations,
    toggle,
    chosenOpen: () => chosenOpen,
    setOpen: (open) => (chosenOpen = open),
    showOpen: (open) => {
      setAttribute(toggle, "aria-expanded", String(open));
      node.toggleAttribute("data-closed", !open);
    },
    rate: (perSecond) => setText(rateText, perSecond > 0 ? `${rate(perSecond)}/s` : ""),
  };
};

/** The count of one station, and how many of them are not shown as tokens. */
const createStation = ({ name }) => {
  const node = element("div", { class: "station", "data-station": name, "data-count": "0" });
  const total = element("b");
  const more = element("span", { class: "more" });
  const bar = element("i", { class: "bar" });
  node.append(total, more, bar);
  let peak = 0;
  return {
    node,
    show: (lane, station, shown) => {
      const number = countAt(lane, station);
      const left = name === "ended" ? 0 : Math.max(0, number - shown);
      peak = left === 0 ? 0 : Math.max(peak, left);
      setAttribute(node, "data-count", String(number));
      const text = number > 0 ? `${count(number)}${lane.capped && number >= 10_000 ? "+" : ""}` : "";
      setText(total, text);
      total.toggleAttribute("data-long", text.length > 5);
      setText(more, left > 0 ? `+${count(left)}` : "");
      node.toggleAttribute("data-more", left > 0);
      bar.style.transform = `scaleX(${peak > 0 ? left / peak : 0})`;
      return left;
    },
  };
};

import { remembered } from "./remembered.js";

/** Whether anything may travel: not if the system asks for less motion, nor in Calm. */
export const createMotion = () => {
  const system = matchMedia("(prefers-reduced-motion: reduce)");
  const calm = remembered("offstage.watch.calm", "off");
  const apply = () => document.documentElement.toggleAttribute("data-calm", calm.get() === "on");
  apply();
  return {
    travels: () => !system.matches && calm.get() !== "on",
    isCalm: () => calm.get() === "on",
    setCalm: (value) => {
      calm.set(value ? "on" : "off");
      apply();
    },
  };
};

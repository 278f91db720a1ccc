import { option } from "./elements.js";
import { onSave } from "./form.js";
import { request, say, showName } from "./session.js";
import { cityOf, timeIn, zoneOf, zones } from "./zones.js";

const form = document.querySelector("#edit-profile");
const { elements: fields } = form;
const done = form.querySelector(".done");

/** Lets the user change name and time zone. `me` is kept up to date; `onZone` is called after the zone has changed. */
export const prepareProfile = (me, { onZone }) => {
  document.querySelector("#address").textContent = me.email;
  // A browser searches both the values and their labels.
  document.querySelector("#zones").append(...zones.map((zone) => option(zone, cityOf(zone))));
  fields.name.value = me.name;
  fields.zone.value = me.zone;
  showTime();
  fields.zone.addEventListener("change", () => {
    fields.zone.value = zoneOf(fields.zone.value);
    showTime();
  });
  form.addEventListener("input", () => (done.hidden = true));
  onSave(form, {
    read: () => ({ name: fields.name.value, zone: zoneOf(fields.zone.value) }),
    save: (data) => request("PATCH", "/v1/me", data),
    done: ({ name, zone }) => {
      const isNewZone = zone !== me.zone;
      Object.assign(me, { name, zone });
      fields.name.value = name;
      fields.zone.value = zone;
      showName(name);
      showTime();
      done.hidden = false;
      say("Saved the profile");
      if (isNewZone) void onZone();
    },
  });
};

const showTime = () => {
  const time = timeIn(fields.zone.value);
  document.querySelector("#zone-time").textContent = time
    ? `It is ${time} there.`
    : "Type a city or a region, and choose one of the list.";
};

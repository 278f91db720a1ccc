import { showMoment } from "./dates.js";
import { confirmed } from "./dialog.js";
import { button, make } from "./elements.js";
import { createPagedList } from "./paged-list.js";

const PLATFORMS = { ANDROID: "Android", IOS: "iPhone or iPad", WEB: "Browser" };

/** Lists the devices that receive pushes, and lets the user remove them. */
export const prepareDevices = (me) => {
  const makeRow = ({ id, platform, createdAt }) => {
    const name = PLATFORMS[platform];
    const since = `Registered ${showMoment(createdAt, me.zone)}`;
    const row = make(
      "li",
      {},
      make("strong", { textContent: name }),
      button("Remove", {
        label: `Remove ${name}, ${since.toLowerCase()}`,
        className: "small end",
        onClick: () => askToRemove(row, name, since),
      }),
      make("p", { className: "facts" }, make("span", { textContent: since })),
    );
    row.dataset.id = id;
    return row;
  };

  const { remove, refresh } = createPagedList(document.querySelector("#devices"), {
    path: "/v1/devices",
    makeRow,
  });

  const askToRemove = async (row, name, since) => {
    const text = `${name}. ${since}. It receives no more pushes until the app registers it again.`;
    if (await confirmed({ title: "Remove this device?", text, action: "Remove device" }))
      await remove(row, "Removed the device");
  };

  return { showDevices: refresh };
};

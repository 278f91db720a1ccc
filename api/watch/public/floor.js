/** The size of a token's place, in pixels. Those that wait to retry show their countdown, too. */
const PLACE = 26;
const PLACES = { again: 56 };

/** A lane has at most two rows of tokens, and at most this many at a station. */
const ROWS = 2;
const AT_MOST = 12;
const AT_MOST_NARROW = 6;

/** Below this width, a lane is a row of counts. The style sheet has the same number. */
const NARROW = 520;

/**
 * Where tokens stand. Sizes are read when the stage is resized, never while it is drawn, so that drawing causes no layout.
 */
export const createFloor = (stations, stage, changed) => {
  let columns = new Map();
  let narrow = false;

  const measure = () => {
    narrow = stage.clientWidth < NARROW;
    const [first] = stations;
    columns = new Map(
      stations.map((cell) => [
        cell.dataset.station,
        { left: cell.offsetLeft - first.offsetLeft, width: cell.clientWidth },
      ]),
    );
    changed();
  };

  new ResizeObserver(measure).observe(stage);

  const perRow = (station) => {
    // The number of ended jobs is in the same row.
    const width = (columns.get(station)?.width ?? 0) - (station === "ended" ? 44 : 0);
    return Math.max(1, Math.floor((width - 4) / (PLACES[station] ?? PLACE)));
  };

  return {
    isNarrow: () => narrow,
    perRow,
    /** How many tokens a station shows. */
    capacity: (station) => {
      if (narrow) return AT_MOST_NARROW;
      return Math.min(AT_MOST, perRow(station) * (station === "ended" ? 1 : ROWS));
    },
    /** The transform of the token at a place of a station. */
    position: (station, place) => {
      const row = Math.floor(place / perRow(station));
      const x = (columns.get(station)?.left ?? 0) + (place % perRow(station)) * (PLACES[station] ?? PLACE);
      return `translate(${x}px, ${row * PLACE}px)`;
    },
  };
};

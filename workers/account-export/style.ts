/** The style of the pages in an export, which must not depend on other files. */
export const style = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f6f3ee, #14121b);
  --card: light-dark(#ffffff, #1f1c29);
  --line: light-dark(#d9d2c7, #3a3549);
  --ink: light-dark(#1d1a2b, #f6f4fa);
  --text: light-dark(#45414f, #cdc8d6);
  --quiet: light-dark(#6f6a79, #9d97ab);
  --accent: light-dark(#4b3b9e, #b8a9ff);
  --warn: light-dark(#a33a1a, #ffab8a);
}
* { box-sizing: border-box; margin: 0; }
body {
  padding: 32px clamp(16px, 4vw, 48px) 64px;
  background: var(--page);
  color: var(--text);
  font: 16px/1.55 -apple-system, BlinkMacSystemFont, "Segoe UI", "Helvetica Neue", Arial, sans-serif;
}
main { max-width: 1240px; margin: 0 auto; }
main > * + * { margin-top: 12px; }
h1, h2 { color: var(--ink); line-height: 1.25; overflow-wrap: anywhere; }
h1 { font-size: 28px; }
h2 { font-size: 17px; }
a { color: var(--accent); }
p, dd, li { overflow-wrap: anywhere; }
.quiet { color: var(--quiet); font-size: 14px; }
.cards {
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(min(300px, 100%), 1fr));
  gap: 14px;
  padding: 0;
  list-style: none;
}
main > .cards { margin-top: 24px; }
.cards li, .warn, dl, .table { border: 1px solid var(--line); border-radius: 14px; background: var(--card); }
.cards li { display: grid; gap: 6px; align-content: start; padding: 16px 18px; }
.warn { padding: 16px 18px; border-color: var(--warn); }
.warn h2 { color: var(--warn); }
dl { padding: 6px 18px; }
dl > div { display: flex; flex-wrap: wrap; gap: 2px 16px; padding: 10px 0; }
dl > div + div { border-top: 1px solid var(--line); }
dt { flex: 0 0 170px; color: var(--quiet); }
dd { flex: 1 1 240px; min-width: 0; color: var(--ink); white-space: pre-wrap; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; }
th, td { padding: 9px 14px; text-align: start; vertical-align: top; }
th { color: var(--quiet); font-weight: 600; white-space: nowrap; }
td { min-width: 96px; max-width: 420px; border-top: 1px solid var(--line); color: var(--ink); overflow-wrap: anywhere; white-space: pre-wrap; }
td:has(time, code[title]) { white-space: nowrap; }
code { color: var(--quiet); font: 13px ui-monospace, monospace; }
img { display: block; max-width: 96px; max-height: 72px; border-radius: 6px; }
dd img { max-width: 320px; max-height: 240px; }
`;

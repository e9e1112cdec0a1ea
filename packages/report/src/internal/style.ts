/**
 * The style of the page, for light and dark displays from 360 pixels on.
 */
export const style = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1c2024; --muted: #5b6470; --grid: #dfe3e8; --card: #f5f7f9;
  --first: #1763c9; --second: #b3500b; --third: #7a3db8; --fourth: #0b7a55; --fifth: #b0245a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --text: #e8eaed; --muted: #a2abb6; --grid: #333a42; --card: #1d2227;
    --first: #6eb1ff; --second: #ffa45c; --third: #c79bff; --fourth: #4fd1a1; --fifth: #ff8fb3;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1560px; margin: 0 auto; padding: 16px; }
h1 { margin: 0; font-size: 1.6rem; overflow-wrap: anywhere; }
h2, figcaption { margin: 0 0 8px; font-size: 1.1rem; font-weight: 600; }
header p { margin: 0 0 16px; color: var(--muted); }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(130px, 1fr)); gap: 8px; margin: 0 0 16px; }
.tiles div { padding: 8px 12px; background: var(--card); border-radius: 8px; }
.tiles dt { color: var(--muted); font-size: 0.85rem; }
.tiles dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 560px), 1fr)); gap: 16px; }
figure { margin: 0; padding: 12px; background: var(--card); border-radius: 8px; min-width: 0; }
figure svg { display: block; width: 100%; height: auto; }
.narrow { display: none; }
@media (max-width: 600px) { .wide { display: none; } .narrow { display: block; } }
section { margin-top: 24px; }
section p { color: var(--muted); margin: 0; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.95rem; }
th, td { padding: 6px 12px 6px 0; border-bottom: 1px solid var(--grid); text-align: left; vertical-align: top; }
th { color: var(--muted); font-weight: 500; }
td { overflow-wrap: break-word; font-variant-numeric: tabular-nums; }
td:first-child { min-width: 12ch; overflow-wrap: anywhere; }
td:not(:first-child) { white-space: nowrap; }
`

"""The style sheet of the report."""

STYLE = """
:root { --ink: #1f2328; --muted: #57606a; --line: #d8dee4; --paper: #fff; --free: #57606a; --costs: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 6px; overflow-wrap: anywhere; }
header p { color: var(--muted); margin: 0; }
section { margin-top: 40px; }
h2 { font-size: 1.2rem; margin: 0 0 6px; padding-top: 14px; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 0; font-weight: 600; overflow-wrap: anywhere; }
h4 { font-size: .85rem; margin: 12px 0 4px; color: var(--muted); font-weight: 500; }
code { font: .92em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.kind { color: var(--muted); font-weight: 400; font-size: .85rem; }
.lead { color: var(--muted); max-width: 42em; margin: 0 0 14px; }
.sentences { padding: 0; margin: 6px 0; list-style: none; }
.sentences li { padding: 2px 0 2px 14px; margin: 4px 0; border-left: 3px solid var(--line); }
.sentences li.costs { border-left-color: var(--costs); }
.sentences li.free { border-left-color: #b8bfc7; }
#short .sentences li { font-size: 1.06rem; margin: 8px 0; }
article { padding: 16px 0; border-bottom: 1px solid var(--line); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 5px 10px; border-bottom: 1px solid var(--line); white-space: nowrap;
  font-weight: 400; }
th:first-child { text-align: left; padding-left: 0; }
thead th { color: var(--muted); font-size: .82rem; }
.whisker { display: block; }
.whisker .zero { stroke: #b8bfc7; }
.whisker .reach { stroke: #0072b2; stroke-width: 1.5; }
.whisker :is(circle, path) { fill: #0072b2; }
figure { margin: 8px 0; }
figure img { max-width: 100%; height: auto; }
.strip { display: flex; flex-wrap: wrap; gap: 8px; }
.strip figure { margin: 0; }
.strip button { display: block; padding: 0; border: 2px solid transparent; border-radius: 5px; background: none;
  cursor: pointer; }
.strip button[aria-pressed=true] { border-color: var(--costs); }
.strip button:disabled { cursor: default; }
#attnviz { margin: 14px 0 20px; scroll-margin-top: 12px; }
.strip img { width: 72px; height: 72px; object-fit: cover; border-radius: 3px; display: block; }
figcaption { font-size: .75rem; color: var(--muted); text-align: center; }
details { margin: 6px 0; }
summary { cursor: pointer; color: var(--muted); font-size: .9rem; }
summary h3 { display: inline; color: var(--ink); }
details ul { margin: 6px 0; padding-left: 20px; font-size: .9rem; color: var(--muted); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; font-size: .85rem; }
dt { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; }
.pair { display: flex; flex-wrap: wrap; gap: 24px; align-items: flex-start; }
@media (max-width: 520px) { main { padding: 20px 14px 48px; } h1 { font-size: 1.35rem; }
  th, td { padding: 5px 7px; } .whisker { width: 84px; } dl { grid-template-columns: 1fr; } }
@media print { details > * { display: block; } section { break-inside: avoid-page; } }
"""
"""Plain and light; nothing is fetched."""

// How the view looks. It lives in a shadow root: nothing of the page reaches in but fonts and the colour of text.

export const STYLE = `
:host { display: block; }
.view { --bar: #0072b2; --mark: #c44f00; --muted: #57606a; --line: #d0d7de; --soft: #f3f5f8; --usual: rgba(100, 116, 139, .28); --paper: #fff; --ink: #1b222c;
  container-type: inline-size; color: var(--ink); font-family: inherit; font-size: calc(15px * var(--av-type, 1)); line-height: 1.45; font-variant-numeric: tabular-nums; text-align: start; }
.view.dark { --bar: #56b4e9; --mark: #f0a34a; --muted: #a3adb8; --line: #3d444d; --soft: #1a212c; --usual: rgba(148, 163, 184, .3); --paper: #0f1520; --ink: #e8edf3; }
[hidden] { display: none !important; }
*, *::before, *::after { box-sizing: border-box; }
p, figure, h2, pre { margin: 0; }
button, select, input { font: inherit; color: inherit; }
:is(button, summary, select, input, [tabindex]):focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; border-radius: 5px; }
.problem { padding: 14px 16px; border-left: 4px solid var(--mark); background: var(--soft); border-radius: 6px; }
.note, .below, .kind { color: var(--muted); font-size: calc(13px * var(--av-type, 1)); }
.readout { min-height: 1.5em; font-size: calc(13px * var(--av-type, 1)); color: var(--muted); overflow-wrap: anywhere; }

.top { display: grid; grid-template-columns: minmax(0, 1fr) minmax(250px, 34%); grid-template-rows: auto 1fr; gap: 4px 26px; align-items: start; }
.telling { grid-column: 2; grid-row: 1; }
.under { grid-column: 1; grid-row: 1 / 3; display: flex; flex-direction: column; gap: 10px; }
.side { grid-column: 2; grid-row: 2; display: flex; flex-direction: column; gap: 8px; }
.sentence { font-size: calc(clamp(17px, 2.1cqw, 25px) * var(--av-type, 1)); line-height: 1.3; font-weight: 600; letter-spacing: -.01em; text-wrap: pretty; }
.kind { margin-top: 8px; overflow-wrap: anywhere; }
.whys { display: flex; flex-wrap: wrap; gap: 0 14px; margin: 4px 0 8px; font-size: calc(13px * var(--av-type, 1)); }
.why summary, .look summary, .numbers summary, .help summary { cursor: pointer; color: var(--bar); width: fit-content; padding: 3px 0; }
.help { font-size: calc(13px * var(--av-type, 1)); }
.help p { margin-top: 6px; color: var(--muted); max-width: 68ch; }
.channel { display: inline-flex; align-items: center; gap: 8px; font-size: calc(13px * var(--av-type, 1)); color: var(--muted); margin: 2px 0; }
.channel input { width: 80px; padding: 2px 6px; border: 1px solid var(--line); border-radius: 5px; background: var(--paper); color: var(--ink); }
.head select { max-width: min(100%, 340px); font-size: calc(13px * var(--av-type, 1)); height: 30px; }
.look summary { font-size: calc(13px * var(--av-type, 1)); }
.why p { margin-top: 4px; color: var(--muted); max-width: 60ch; }
.verdict .note:last-child { margin-top: 8px; }
.verdict p:not(.note) { margin-top: 4px; padding-left: 10px; border-left: 3px solid var(--line); font-size: calc(14px * var(--av-type, 1)); }
.verdict p.costs { border-color: var(--bar); }
button.text { border: 0; padding: 3px 0; background: none; color: var(--bar); cursor: pointer; font-size: calc(13px * var(--av-type, 1)); text-align: start; }
button.text:hover, summary:hover { text-decoration: underline; }
.ask { align-self: start; border: 1px solid var(--bar); border-radius: 6px; background: none; color: var(--bar); padding: 6px 12px; cursor: pointer; font-size: calc(14px * var(--av-type, 1)); }
.ask:disabled { opacity: .6; cursor: progress; }

.frame { position: relative; width: min(100%, calc(min(60vh, 620px) * var(--shape, 1))); aspect-ratio: var(--shape, 1); margin: 0 auto; border-radius: 8px; overflow: hidden; background: #808080; }
.frame > canvas { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
.grid { pointer-events: none; }
.seen { position: absolute; cursor: crosshair; touch-action: manipulation; }
.seen:not(.whole) { box-shadow: inset 0 0 0 1.5px #fff, inset 0 0 0 3px rgba(0, 0, 0, .5); }
.seen:focus-visible { outline-offset: -3px; }
.mark { position: absolute; box-shadow: inset 0 0 0 1.5px #fff, inset 0 0 0 3px #000; pointer-events: none; min-width: 6px; min-height: 6px; }
.ring { position: absolute; width: 16px; height: 16px; margin: -8px 0 0 -8px; border: 2.5px solid #fff; border-radius: 50%; box-shadow: 0 0 0 2px #000, inset 0 0 0 1.5px #000; pointer-events: none; }
figcaption { max-width: 460px; margin: 8px auto 0; text-align: center; }
.legend { display: flex; align-items: center; gap: 10px; font-size: calc(13px * var(--av-type, 1)); }
.legend span:not(.ramp) { white-space: nowrap; }
.ramp { flex: 1; min-width: 60px; height: 11px; border-radius: 3px; box-shadow: 0 0 0 1px var(--line); }
figcaption .readout { margin-top: 4px; }
figcaption .here { margin: 4px 0 0; font-weight: 600; overflow-wrap: anywhere; }

.bars { position: relative; height: 148px; cursor: crosshair; touch-action: pan-y; border-radius: 4px; }
.bars canvas { position: absolute; inset: 0; width: 100%; height: 100%; }
.bar-mark { position: absolute; top: 2px; bottom: 16px; background: var(--mark); opacity: .55; border-radius: 2px; pointer-events: none; }
.scores .note { margin-top: 2px; font-size: calc(12px * var(--av-type, 1)); }
.matrix { width: 100%; image-rendering: pixelated; border-radius: 4px; box-shadow: 0 0 0 1px var(--line); display: block; margin-bottom: 8px; }
.theta { border-collapse: collapse; font-size: calc(14px * var(--av-type, 1)); }
.theta td { padding: 3px 12px; border: 1px solid var(--line); text-align: right; }

.actions { display: flex; gap: 4px 18px; flex-wrap: wrap; }
.code pre { background: var(--soft); padding: 10px 12px; border-radius: 6px; font: 12px/1.5 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-x: auto; white-space: pre; }
.fields { display: grid; gap: 8px; padding: 6px 0; font-size: calc(13px * var(--av-type, 1)); }
.fields label { display: inline-flex; align-items: center; gap: 8px; min-height: 28px; }
.fields > label > span { min-width: 74px; color: var(--muted); }
fieldset { display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: center; border: 0; margin: 0; padding: 0; }
legend { float: left; min-width: 74px; padding: 0; margin-right: 8px; color: var(--muted); }
fieldset label { gap: 5px; }
input[type=range] { flex: 1; accent-color: var(--bar); min-width: 90px; }
input[type=radio] { accent-color: var(--bar); margin: 0; width: 16px; height: 16px; }
select { padding: 3px 8px; border: 1px solid var(--line); border-radius: 5px; background: var(--paper); color: var(--ink); }

h2 { font-size: calc(16px * var(--av-type, 1)); font-weight: 650; line-height: 1.3; }
section { margin-top: 22px; }
.head { display: flex; flex-wrap: wrap; gap: 4px 8px; align-items: center; margin-bottom: 8px; }
/* what is pointed at must never move what it points at */
:is(.head, .map) > .readout { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.head > .readout { flex: 1 1 0; min-width: 0; text-align: end; }
.scores .readout { min-height: 3em; }
.step { width: 30px; height: 30px; border: 1px solid var(--line); border-radius: 6px; background: none; cursor: pointer; line-height: 1; font-size: calc(17px * var(--av-type, 1)); padding: 0; }
.step:hover { background: var(--soft); }
.line { display: flex; flex-wrap: wrap; align-items: stretch; gap: 8px 5px; }
.then { display: flex; align-items: stretch; gap: 5px; }
.arrow { align-self: center; color: var(--muted); }
.end { display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 1px; font-size: calc(12px * var(--av-type, 1)); color: var(--muted); text-align: center; max-width: 120px; }
.thumb { width: 48px; height: 48px; border-radius: 6px; }
.answer { color: var(--ink); font-size: calc(14px * var(--av-type, 1)); line-height: 1.2; }
.stage { background: var(--soft); border-radius: 8px; padding: 5px 7px 4px; display: flex; flex-direction: column; gap: 3px; }
.stage-size { font-size: calc(11px * var(--av-type, 1)); color: var(--muted); white-space: nowrap; }
.stage.bare .stage-size { white-space: normal; max-width: 68px; }
.units { display: flex; flex-wrap: wrap; gap: 12px 5px; flex: 1; align-items: end; padding-top: 8px; }
.unit { position: relative; display: flex; flex-direction: column; align-items: center; gap: 2px; min-width: 22px; border-radius: 6px; padding: 3px; }
.unit.block { border: 1px solid var(--line); background: var(--paper); }
.unit.shortcut::before { content: ''; position: absolute; left: 12%; right: 12%; top: -8px; height: 8px; border: 1.5px solid var(--muted); border-bottom: 0; border-radius: 8px 8px 0 0; pointer-events: none; }
.unit-name { font-size: calc(11px * var(--av-type, 1)); color: var(--muted); white-space: nowrap; max-width: 90px; overflow: hidden; text-overflow: ellipsis; }
.tiles { display: flex; flex-wrap: wrap; gap: 2px; justify-content: center; }
.tile { position: relative; width: 42px; height: 42px; padding: 0; border: 0; border-radius: 5px; background: var(--paper); box-shadow: 0 0 0 1px var(--line); cursor: pointer; overflow: hidden; }
.tile canvas { width: 100%; height: 100%; display: block; image-rendering: pixelated; }
.tile:is(:hover, .pointed) { box-shadow: 0 0 0 2.5px var(--bar); }
.tile[aria-pressed=true] { box-shadow: 0 0 0 3px var(--mark); }
.many .tile { width: 24px; height: 24px; border-radius: 3px; }
.many .unit-name { max-width: 60px; }
.words { display: grid; place-items: center; height: 100%; font-size: calc(16px * var(--av-type, 1)); color: var(--muted); }
.dot { position: absolute; width: 8px; height: 8px; margin: -4px 0 0 -4px; border-radius: 50%; background: #fff; border: 2px solid #000; pointer-events: none; }
.network .note, .map .note { margin-top: 6px; }

.map-rows { margin-top: 8px; max-height: 420px; overflow-y: auto; }
.map-rows button { display: grid; grid-template-columns: minmax(0, 11em) minmax(0, 1fr) 9.5em; gap: 10px; align-items: center; width: 100%; padding: 2px 6px; border: 0; border-radius: 5px; background: none; cursor: pointer; font-size: calc(12px * var(--av-type, 1)); text-align: start; }
.map-rows button:hover { background: var(--soft); }
.map-rows button[aria-pressed=true] { box-shadow: inset 0 0 0 2px var(--mark); font-weight: 600; }
.row-name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.row-mean { color: var(--muted); white-space: nowrap; }
.strip { position: relative; height: 18px; }
.strip canvas { width: 100%; height: 100%; display: block; image-rendering: pixelated; border-radius: 3px; }
.column { position: absolute; top: -2px; bottom: -2px; width: 4px; margin-left: -2px; background: #fff; border: 1px solid #000; border-radius: 2px; pointer-events: none; }

.numbers { margin-top: 16px; font-size: calc(13px * var(--av-type, 1)); }
.table { max-height: 300px; overflow: auto; margin-top: 6px; border: 1px solid var(--line); border-radius: 6px; }
.table table { border-collapse: collapse; font-size: calc(12px * var(--av-type, 1)); }
.table :is(th, td) { padding: 2px 9px; text-align: right; border-bottom: 1px solid var(--line); font-weight: 400; }
.table th { color: var(--muted); }
.table caption { text-align: start; padding: 4px 9px; color: var(--muted); white-space: nowrap; }
.table .at { background: color-mix(in srgb, var(--mark) 25%, transparent); }

@container (max-width: 680px) {
  .top { display: flex; flex-direction: column; align-items: stretch; gap: 10px; }
  .telling { order: 1; }
  .under { display: contents; }
  .picture { order: 2; }
  .side { order: 3; }
  .under > .verdict { order: 4; }
  .sentence { font-size: calc(18px * var(--av-type, 1)); }
  .kind { margin-top: 3px; font-size: calc(12px * var(--av-type, 1)); }
  .whys { margin: 2px 0 0; }
  .frame { width: min(100%, calc(min(46vh, 480px) * var(--shape, 1))); }
  .map-rows button { grid-template-columns: minmax(0, 1fr) auto; gap: 1px 8px; }
  .map-rows .strip { grid-column: 1 / -1; grid-row: 2; }
  .head select { order: 1; max-width: 100%; width: 100%; }
  .head > .readout { display: none; }
  .line { flex-wrap: nowrap; overflow-x: auto; padding: 2px 2px 8px; }
  .then, .stage, .end { flex: none; }
  .units { flex-wrap: nowrap; }
  .many .units { flex-wrap: wrap; width: max-content; max-width: 300px; }
}
@media (hover: none) { .tile { width: 44px; height: 44px; } .many .tile { width: 32px; height: 32px; } }
@media (prefers-reduced-motion: no-preference) { .tile, .step { transition: box-shadow .12s; } }
@media (forced-colors: active) { .tile, .bars, .frame { forced-color-adjust: none; } }
`;

/** The page's style: type, colours and space for screen, telephone, dark rooms and paper. */
import { renderStatusStylesheet } from './status-style.js';

const LIGHT = `--page:#fcfbf9;--ink:#1c2125;--soft:#566068;--rule:#dcd9d3;--faint:#f3f1ec;--link:#1f5c8f;
--on:#fff;--sent:#7d9db8;--again:#c27a1a;--limit:#b3362c;--allowed:#1c2125;--pause:#e6dfcf;--pause-bar:#8b7a4d;
--good:#2c7a4b;--bad:#b3362c;--wait:#96590a;--hatch:rgba(255,255,255,.28)`;
const DARK = `--page:#15181b;--ink:#e8e6e1;--soft:#a3abb1;--rule:#343a40;--faint:#1d2125;--link:#8cc0ec;
--on:#101315;--sent:#5f87a8;--again:#e3ad5a;--limit:#f0897f;--allowed:#e8e6e1;--pause:#2f2b22;--pause-bar:#c0ab72;
--good:#6cc38d;--bad:#f0897f;--wait:#e3ad5a;--hatch:rgba(0,0,0,.25)`;

const FRAME = `
*{box-sizing:border-box}
html{background:var(--page);color:var(--ink);color-scheme:light dark;
font:16px/1.5 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans","Liberation Sans",Arial,sans-serif;
-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{overflow-x:clip;margin:0 auto;max-width:74rem;padding:0 clamp(1rem,4vw,2.5rem) 4rem}
h1{font-size:clamp(1.35rem,1.1rem + 1.3vw,1.9rem);line-height:1.25;font-weight:600;letter-spacing:-.015em;margin:.4rem 0 .6rem;text-wrap:balance;overflow-wrap:anywhere}
h2{font-size:1.15rem;line-height:1.3;font-weight:600;margin:0 0 .9rem}
p{margin:.4rem 0;max-width:72ch}
a{color:var(--link);text-underline-offset:.15em}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
[hidden]{display:none!important}
bdi{white-space:pre-wrap}
header{padding:2.5rem 0 1.5rem}
header .of{color:var(--soft);font-size:.9rem;margin:0;overflow-wrap:anywhere}
h1::before{display:inline-block;margin-right:.5em;font-weight:700}
h1.good::before{content:"✓";color:var(--good)}
h1.bad::before{content:"✕";color:var(--bad)}
h1.wait::before{content:"‖";color:var(--wait)}
section{padding:1.6rem 0;border-top:1px solid var(--rule)}
.quiet,small,figcaption,footer{color:var(--soft)}
.simulated{background:repeating-linear-gradient(-45deg,#5a3d8a 0 14px,#6a4b9e 14px 28px);color:#fff;
margin:0 calc(50% - 50vw);max-width:none;padding:.7rem 1rem;text-align:center;font-weight:600}
.stop{border-left:4px solid var(--wait);padding:.2rem 0 .2rem 1rem;margin:1rem 0 0;overflow-wrap:anywhere}
.warnings{padding-left:1.2rem;overflow-wrap:anywhere}
`;

const FIGURES = `
figure{margin:0}
.bar{display:block;border-radius:6px;overflow:hidden;forced-color-adjust:none}
.bar .part{fill:var(--c)}
.bar .hatch{fill:var(--hatch)}
.bar line{stroke:var(--page);stroke-width:2}
.bar text{fill:var(--on);font-size:.95rem;font-weight:600;text-anchor:middle;dominant-baseline:central;font-variant-numeric:tabular-nums}
.legend{list-style:none;margin:1rem 0 0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(19rem,1fr));gap:.45rem 1.5rem}
.legend li{display:grid;grid-template-columns:1.5rem auto 1fr;column-gap:.55rem;align-items:baseline}
.legend small{grid-column:3;font-size:.85rem;line-height:1.3}
.legend b,.reasons b{font-variant-numeric:tabular-nums}
.swatch{width:1.4rem;height:1.4rem;line-height:1.4rem;border-radius:4px;background-color:var(--c);color:var(--on);text-align:center;font-size:.85rem;font-weight:700;forced-color-adjust:none}
.swatch.open{background-image:repeating-linear-gradient(45deg,transparent 0 4px,var(--hatch) 4px 6px)}
.timeline svg{display:block;overflow:visible;forced-color-adjust:none}
.timeline text{fill:var(--soft);font-size:.78rem;font-variant-numeric:tabular-nums}
.timeline .half{stroke:var(--rule);stroke-width:1}.timeline .limit-label{fill:var(--limit);font-weight:600}
path.sent{fill:var(--sent)}path.again{fill:var(--again)}
path.half,path.limit,path.allowed,path.ground{fill:none;vector-effect:non-scaling-stroke}
path.limit{stroke:var(--limit);stroke-width:1.5;stroke-dasharray:6 4}
path.allowed{stroke:var(--allowed);stroke-width:1.5}
path.ground{stroke:var(--soft);stroke-width:1}
rect.pause{fill:var(--pause)}
.lane .rail{fill:var(--faint)}.lane rect{fill:var(--limit)}.lane.again rect:not(.rail){fill:var(--again)}.lane.pause rect:not(.rail){fill:var(--pause-bar)}
.fold line{stroke:var(--soft);stroke-dasharray:2 4}.fold text{text-anchor:middle}
.key{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;margin:.9rem 0 .5rem;padding:0;font-size:.9rem}
.key li::before{content:"";display:inline-block;width:1.1rem;height:.75rem;margin-right:.45rem;vertical-align:-.05rem;border-radius:2px;forced-color-adjust:none}
.key .sent::before{background:var(--sent)}.key .again::before{background:var(--again)}
.key .pause::before{background:var(--pause);border:1px solid var(--rule)}
.key .limit::before{height:0;border-top:2px dashed var(--limit);border-radius:0;vertical-align:.28rem}
.key .allowed::before{height:0;border-top:2px solid var(--allowed);border-radius:0;vertical-align:.28rem}
figcaption p{font-size:.9rem;overflow-wrap:anywhere}
`;

const TABLES = `
.reasons{list-style:none;margin:0 0 1.2rem;padding:0;display:grid;gap:.4rem .8rem;grid-template-columns:minmax(2.5rem,auto) auto 1fr}
.reasons li{grid-column:1/-1;display:grid;grid-template-columns:minmax(2.5rem,auto) auto 1fr;grid-template-columns:subgrid;gap:0 .8rem;align-items:baseline}
.reasons b{text-align:right}.reasons bdi{overflow-wrap:anywhere}
.pill{display:inline-block;color:var(--c);font-size:.875rem;font-weight:600;white-space:nowrap}
.pill::before{display:inline-block;width:1.15em;text-align:center;margin-right:.3em;font-weight:700}
.box{overflow:auto;border:1px solid var(--rule);border-radius:8px;position:relative}
#rows{max-height:min(44rem,80vh)}#missing{max-height:min(30rem,70vh)}
table{border-collapse:collapse;width:100%;font-size:.9rem;line-height:1.4}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th{text-align:left;font-weight:600;white-space:nowrap;background:var(--faint);position:sticky;top:0;z-index:1;box-shadow:0 1px var(--rule)}
th,td{padding:.45rem .65rem;vertical-align:top}
tbody tr+tr td{border-top:1px solid var(--rule)}
tbody tr:hover td{background:var(--faint)}
.number{text-align:right;font-variant-numeric:tabular-nums}
td.number,td.answer{color:var(--soft)}
td.answer{white-space:nowrap;font-variant-numeric:tabular-nums}
td.name{min-width:12rem;max-width:24rem;font-weight:500;overflow-wrap:anywhere}
td.detail{min-width:13rem;width:40%;overflow-wrap:anywhere}
td.id,code{font:.82rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
td.id{white-space:nowrap;color:var(--soft)}
td.none{color:var(--soft);padding:1.5rem .8rem}
th button{all:unset;cursor:pointer;box-sizing:border-box;padding:.1rem 0;white-space:nowrap}
th button:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
th button::after{content:"↕";margin-left:.3em;color:var(--soft);opacity:.6;font-weight:400}
th[aria-sort=ascending] button::after{content:"↑";opacity:1;color:var(--ink)}
th[aria-sort=descending] button::after{content:"↓";opacity:1;color:var(--ink)}
.tools{display:flex;flex-wrap:wrap;gap:.9rem 1.5rem;align-items:end;margin:0 0 1rem}
.tools label{font-size:.9rem}
input[type=search]{display:block;width:min(24rem,80vw);margin-top:.25rem}
input[type=search],input[type=number]{font:inherit;color:inherit;background:var(--page);border:1px solid var(--soft);border-radius:6px;padding:.4rem .6rem}
fieldset{border:0;margin:0;padding:0;min-width:0}
legend{padding:0;font-size:.9rem;margin-bottom:.25rem}
.chips{display:flex;flex-wrap:wrap;gap:.4rem}
.chips label{position:relative;display:inline-block;border:1px solid var(--soft);border-radius:99px;padding:.25rem .8rem;cursor:pointer}
.chips input{position:absolute;opacity:0;inset:0;width:100%;height:100%;margin:0;cursor:pointer}
.chips label:has(:checked){background:var(--ink);color:var(--page);border-color:var(--ink)}
.chips label:has(:focus-visible){outline:3px solid var(--link);outline-offset:2px}
@media (forced-colors:active){.chips label:has(:checked){outline:3px solid Highlight}}
.chips b{font-weight:600;font-variant-numeric:tabular-nums;margin-left:.3em}
#pager{display:flex;flex-wrap:wrap;margin:1rem 0 0;align-items:center;gap:.5rem;font-size:.9rem}
#pager button{font:inherit;color:inherit;background:var(--page);border:1px solid var(--soft);border-radius:6px;padding:.35rem .8rem;cursor:pointer}
#pager button:hover{background:var(--faint)}
#pager button[aria-disabled=true]{opacity:.45;cursor:default}
#page{width:6rem}
#told{color:var(--soft);font-size:.9rem;font-variant-numeric:tabular-nums}
dl{display:grid;grid-template-columns:minmax(8rem,auto) 1fr;gap:.5rem 1.5rem;margin:0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
footer{border-top:1px solid var(--rule);padding-top:1rem;font-size:.85rem}
`;

const SMALL_AND_PAPER = `
@media (max-width:40rem){dl{grid-template-columns:1fr;gap:.1rem}dd{margin-bottom:.6rem}
.reasons{grid-template-columns:minmax(2rem,auto) 1fr}.reasons bdi{grid-column:2}
.legend{grid-template-columns:1fr}th,td{padding:.4rem .6rem}td.name{min-width:11rem}header{padding-top:1.5rem}}
@media print{@page{margin:15mm}:root{--page:#fff}html{font-size:11px;color-scheme:light}body{max-width:none;padding:0}
.tools,#pager,#more{display:none!important}.box,#rows,#missing{overflow:visible;max-height:none;border:0}
th{position:static}th button{display:contents}th[aria-sort] button::after,th button::after{content:none}
th,td{padding:.25rem .4rem}td.name{min-width:9rem}td.detail{min-width:0;width:auto}
td.id{white-space:normal;overflow-wrap:anywhere}tr,figure,.legend li{break-inside:avoid}thead{display:table-header-group}
h2{break-after:avoid}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
a{color:inherit}section{padding:1rem 0}.simulated{margin:0}}
`;

/** The whole style; its text is hashed for the page's policy. */
export const STYLE: string = [
  `:root{${LIGHT}}`,
  `@media screen and (prefers-color-scheme:dark){:root{${DARK}}}`,
  FRAME,
  FIGURES,
  TABLES,
  renderStatusStylesheet(),
  SMALL_AND_PAPER,
].join('\n');

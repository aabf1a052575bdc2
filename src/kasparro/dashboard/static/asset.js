// The chart of an asset: its sources over each other, volume, spread, and the way from a point to its receipt.
import { createChart, CandlestickSeries, HistogramSeries, LineSeries, LineStyle } from "./vendor/lightweight-charts.standalone.production.mjs";
import { ask } from "./page.js";

const card = document.getElementById("chart-card");
const place = document.getElementById("chart");
const read = document.getElementById("read");
const note = document.getElementById("note");
const pinned = document.getElementById("point");
const legend = document.getElementById("legend");
const shown = new Map();
let range = "7d";
let form = "line";
let told;
let chart;
let drawn = [];

card.hidden = false;
const style = (name) => {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  card.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
};
const colours = { coinpaprika: "--paprika", coingecko: "--gecko", csv: "--csv" };
// Files of one source are told apart by colour too.
const others = ["--note", "--warn", "--bad", "--muted"];

function colour(series) {
  const alike = told.series.filter((one) => one.source === series.source);
  const place = alike.indexOf(series);
  return style(place ? others[(place - 1) % others.length] : (colours[series.source] ?? "--accent"));
}

function tag(series, text) {
  const part = document.createElement("span");
  part.className = "source drawn";
  part.style.setProperty("--mark", colour(series));
  part.textContent = text;
  return part;
}
const soft = (color, part) => color.replace("rgb(", "rgba(").replace(")", `, ${part})`);
const name = (series) => series.source + (series.dataset ? ` ${series.dataset}` : "");

export function price(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size >= 1e12 || (size && size < 1e-8)) return value.toExponential(2);
  if (size >= 10) return value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  if (size >= 1) return value.toLocaleString("en", { minimumFractionDigits: 4, maximumFractionDigits: 4 });
  return size ? value.toFixed(Math.min(20, 3 - Math.floor(Math.log10(size)))) : "0";
}

/** The price axis, as fine as the highest of these prices needs it. */
function fine(series) {
  const most = Math.max(...series.flatMap((one) => one.bars.map((bar) => bar[2])));
  const places = Math.min(12, Math.max(2, 4 - Math.floor(Math.log10(most))));
  return { type: "custom", formatter: price, minMove: Number(`1e-${places}`) };
}

const moment = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");

function ticks(series) {
  // A point for each stretch of time, also where nothing was quoted: what is missing takes its room.
  const times = new Set(series.flatMap((one) => one.bars.map((bar) => bar[0])));
  const step = told.step;
  const first = Math.min(...times);
  const last = Math.max(...times);
  if ((last - first) / step < 3000) for (let at = first; at <= last; at += step) times.add(at);
  return [...times].sort((one, other) => one - other);
}

function line(series, times) {
  const bars = new Map(series.bars.map((bar) => [bar[0], bar]));
  const breaks = series.gaps.map(([before]) => before);
  return times.map((time) => {
    const bar = bars.get(time);
    if (!bar) return { time };
    return breaks.includes(bar[7]) ? { time, value: bar[4], color: "transparent" } : { time, value: bar[4] };
  });
}

function candles(series, times) {
  const bars = new Map(series.bars.map((bar) => [bar[0], bar]));
  return times.map((time) => {
    const bar = bars.get(time);
    return bar ? { time, open: bar[1], high: bar[2], low: bar[3], close: bar[4] } : { time };
  });
}

function spreads(series, times) {
  const maps = series.map((one) => new Map(one.bars.map((bar) => [bar[0], bar[4]])));
  const found = times.map((time) => {
    const values = maps.map((map) => map.get(time)).filter((value) => value > 0);
    if (values.length < 2) return { time };
    const low = Math.min(...values);
    return { time, value: ((Math.max(...values) - low) / low) * 100 };
  });
  // Where nobody could be compared for long there is no line either.
  const known = found.filter((one) => one.value !== undefined);
  const steps = known.slice(1).map((one, place) => one.time - known[place].time).sort((one, other) => one - other);
  const usual = steps[Math.floor(steps.length / 2)] ?? 0;
  known.slice(1).forEach((one, place) => {
    if (one.time - known[place].time > 2.5 * usual) known[place].color = "transparent";
  });
  return found;
}

function draw() {
  chart?.remove();
  chart = undefined;
  drawn = [];
  const chosen = told.series.filter((one) => one.bars.length && shown.get(name(one)) !== false);
  const points = chosen.reduce((sum, one) => sum + one.bars.length, 0);
  place.hidden = !points;
  if (!points) {
    note.textContent = "Nothing was quoted in this range. A longer one may have something.";
    return;
  }
  const text = style("--muted");
  const grid = style("--line");
  chart = createChart(place, {
    autoSize: true,
    layout: { background: { color: "transparent" }, textColor: text, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12, attributionLogo: false, panes: { separatorColor: grid, enableResize: false } },
    grid: { vertLines: { visible: false }, horzLines: { color: grid } },
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.08, bottom: 0.24 } },
    timeScale: { borderColor: grid, timeVisible: told.step < 86400, secondsVisible: false, fixLeftEdge: true, fixRightEdge: true },
    crosshair: { vertLine: { color: text, labelBackgroundColor: style("--raised") }, horzLine: { color: text, labelBackgroundColor: style("--raised") } },
    localization: { locale: "en" },
    handleScroll: { vertTouchDrag: false },
  });
  const times = ticks(chosen);
  const main = chosen.reduce((most, one) => (one.bars.length > most.bars.length ? one : most));
  const priceFormat = fine(chosen);
  if (form === "candles") {
    const up = style("--good");
    const down = style("--bad");
    const added = chart.addSeries(CandlestickSeries, { upColor: up, downColor: down, wickUpColor: up, wickDownColor: down, borderVisible: false, priceLineVisible: false, priceFormat });
    added.setData(candles(main, times));
    drawn.push([main, added]);
  }
  for (const one of chosen.filter((one) => form === "line" || one !== main)) {
    const added = chart.addSeries(LineSeries, { color: colour(one), lineWidth: 2, priceLineVisible: false, lastValueVisible: chosen.length < 4, pointMarkersVisible: one.bars.length < 40, pointMarkersRadius: 2.5, priceFormat });
    added.setData(line(one, times));
    drawn.push([one, added]);
  }
  const volume = chart.addSeries(HistogramSeries, { priceScaleId: "volume", color: soft(text, 0.28), priceLineVisible: false, lastValueVisible: false, priceFormat: { type: "volume" } });
  chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
  const volumes = new Map(main.bars.map((bar) => [bar[0], bar[5]]));
  volume.setData(times.map((time) => (volumes.get(time) ? { time, value: volumes.get(time) } : { time })));
  const apart = spreads(chosen, times);
  if (apart.filter((one) => one.value !== undefined).length > 1) {
    const added = chart.addSeries(LineSeries, { color: style("--note"), lineWidth: 1, lineStyle: LineStyle.Solid, priceLineVisible: false, title: "spread %", pointMarkersVisible: apart.filter((one) => one.value !== undefined).length < 40, pointMarkersRadius: 2, priceFormat: { type: "custom", formatter: (value) => `${value.toFixed(2)} %`, minMove: 0.001 } }, 1);
    added.setData(apart);
    chart.panes()[1].setHeight(90);
  }
  chart.subscribeCrosshairMove(hover);
  chart.subscribeClick((at) => at.time && pin(at.time));
  chart.timeScale().fitContent();
  const cut = chosen.filter((one) => one.cut).map(name);
  const missing = chosen.reduce((sum, one) => sum + one.gaps.length, 0);
  note.textContent = `${points.toLocaleString("en")} points of ${length(told.step)}${missing ? `, ${missing} gap${missing > 1 ? "s" : ""} where nothing was quoted` : ""}${cut.length ? `; ${cut.join(", ")}: only the newest quotes` : ""}. Click a point for its receipts.`;
  latest(chosen);
}

const length = (seconds) => (seconds < 3600 ? `${seconds / 60} min` : seconds < 86400 ? `${seconds / 3600} h` : `${seconds / 86400} d`);

/** The bar of each source that is nearest to a moment, unless nothing was quoted around it. */
function at(time) {
  return drawn.map(([series]) => {
    const near = series.bars.reduce((best, bar) => (Math.abs(bar[0] - time) < Math.abs(best[0] - time) ? bar : best));
    return [series, Math.abs(near[0] - time) <= series.usual ? near : null];
  }).filter(([, bar]) => bar);
}

function tell(time, found) {
  read.replaceChildren(...found.map(([series, bar]) => tag(series, `${name(series)} ${price(bar[4])}`)));
  const when = document.createElement("span");
  when.textContent = `${moment(time)} UTC`;
  read.prepend(when);
}

function latest(chosen) {
  const time = Math.max(...chosen.map((one) => one.bars.at(-1)[0]));
  tell(time, at(time));
}

function hover(event) {
  const found = event.time ? at(event.time) : [];
  if (found.length) tell(event.time, found);
}

function pin(time) {
  const found = at(time);
  pinned.hidden = !found.length;
  const head = document.createElement("h3");
  head.textContent = `${moment(time)} UTC`;
  const list = document.createElement("ul");
  for (const [series, bar] of found) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = `/dashboard/quotes/${bar[6]}`;
    link.textContent = `receipt of ${bar[6]}`;
    item.append(tag(series, name(series)), ` ${price(bar[4])} at ${moment(bar[7])}${bar[8] > 1 ? `, the last of ${bar[8]} quotes` : ""} `, link);
    list.append(item);
  }
  pinned.replaceChildren(head, list);
}

function choose() {
  legend.replaceChildren(...told.series.filter((one) => one.bars.length).map((one) => {
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = shown.get(name(one)) !== false;
    box.addEventListener("change", () => {
      shown.set(name(one), box.checked);
      draw();
    });
    label.append(box, tag(one, name(one)));
    return label;
  }));
}

async function load(wanted) {
  card.setAttribute("aria-busy", "true");
  try {
    const answer = await ask(`${card.dataset.series}?range=${wanted}`);
    if (!answer.ok) throw new Error(answer.status === 429 ? "too many requests; try again in a minute" : `the server says ${answer.status}`);
    told = await answer.json();
    range = wanted;
    for (const button of document.querySelectorAll("[data-range]")) button.setAttribute("aria-pressed", String(button.dataset.range === range));
    choose();
    draw();
  } catch (error) {
    note.textContent = `The chart’s points can’t be loaded: ${error.message}.`;
  } finally {
    card.setAttribute("aria-busy", "false");
    card.dataset.ready = "yes";
  }
}

document.getElementById("ranges").addEventListener("click", (event) => event.target.dataset.range && load(event.target.dataset.range));
document.getElementById("forms").addEventListener("click", (event) => {
  if (!event.target.dataset.form) return;
  form = event.target.dataset.form;
  for (const button of document.querySelectorAll("[data-form]")) button.setAttribute("aria-pressed", String(button.dataset.form === form));
  draw();
});
document.addEventListener("theme", () => told && draw());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => told && draw());

await load(range);
// A young ledger has little in a week, an old file nothing.
if (told && told.series.reduce((sum, one) => sum + one.bars.length, 0) < 12) await load("24h");
if (told && !told.series.some((one) => one.bars.length)) await load("all");

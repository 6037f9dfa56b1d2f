// The page: levers in, one question at a time out, answers drawn. No name is ever parsed as markup.
import { WORDS, say } from "/words.js";
import { added, compact, daily, queue, topOf } from "/charts.js";

const PAIRS = [2, 4, 8, 12]; // the first answers, then finer ones while nothing is moved; the weeks, then the season
const PAUSE = 250; // ms in which nothing is moved before more seeds are asked for
const CARDS = ["profit", "peak_load", "repurchase_30d", "orders"];
const $ = (id) => document.getElementById(id);
const session = crypto.randomUUID();
const state = { language: "en", scenario: null, names: [], levers: {}, look: null, season: null, question: 0, timer: null, asking: null, seconds: 0, busy: [""] };

const t = (key, values) => say(state.language, key, values);

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

async function post(where, body, signal) {
  let answer;
  try {
    answer = await fetch(where, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(t("offline"));
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({ errors: [answer.statusText] }));
  const failure = new Error(told.errors.join("\n"));
  failure.overtaken = answer.status === 409;
  throw failure;
}

// ---- levers ------------------------------------------------------------------------------------
const percent = (value) => `${Math.round(100 * value)} %`;

function sliders() {
  const s = state.scenario;
  const all = [
    ["depth", 0, 0.6, 0.01, s.depth, percent], ["events", 1, 6, 1, 1, String],
    ["ritual", 0, 2, 0.05, s.ritual, (v) => v.toFixed(2)], ["other_depth", 0, 0.6, 0.01, s.other_depth, percent],
    ["traffic", 0, 3, 0.1, 1, percent], ["capacity", 0.25, 3, 0.05, 1, percent],
  ];
  return all.filter(([, , , , start]) => start !== null);
}

function slider(id, label, least, most, step, start, shown, store) {
  const box = element("div", "lever");
  const name = element("label", "", label);
  const input = element("input");
  const output = element("output");
  Object.assign(input, { type: "range", id, min: least, max: most, step, value: start });
  name.htmlFor = id;
  output.htmlFor = id;
  const tell = () => {
    const value = Number(input.value);
    output.textContent = shown(value);
    input.setAttribute("aria-valuetext", shown(value));
    box.classList.toggle("moved", Math.abs(value - start) > step / 2);
  };
  input.addEventListener("input", () => { store(Number(input.value)); tell(); soon(); });
  tell();
  box.append(name, output, input);
  return { box, tell, input };
}

function choice(id, label, names, chosen) {
  const box = element("div", "lever");
  const name = element("label", "", label);
  const select = element("select");
  name.htmlFor = select.id = id;
  for (const value of names) select.append(new Option(value, value, false, value === chosen));
  select.addEventListener("change", () => { state.levers[id] = select.value; soon(); });
  box.append(name, select);
  return box;
}

function drawLevers() {
  const s = state.scenario;
  const now = state.levers;
  $("choices").replaceChildren(
    choice("first", t("first"), s.schedules, now.first ?? s.first),
    choice("second", t("second"), s.schedules, now.second ?? s.second),
    choice("line_up", t("line_up"), s.line_ups, now.line_up ?? s.line_up),
  );
  $("sliders").replaceChildren(...sliders().map(([id, least, most, step, start, shown]) => {
    const made = slider(id, t(id), least, most, step, start, shown, (value) => { now[id] = value; });
    if (now[id] !== undefined) { made.input.value = now[id]; made.tell(); }
    return made.box;
  }));
  const shares = Object.entries(s.segments);
  const weights = () => Object.fromEntries(shares.map(([name, share]) => [name, now.segments?.[name] ?? Math.round(100 * share)]));
  const parts = [];
  const share = (name) => weights()[name] / Math.max(1, Object.values(weights()).reduce((a, b) => a + b, 0));
  shares.forEach(([name, part], n) => {
    const made = slider(`segment-${n}`, name, 0, 100, 1, Math.round(100 * part), () => percent(share(name)), (value) => {
      now.segments = { ...weights(), [name]: value };
      parts.forEach((other) => other.tell());
    });
    if (now.segments) { made.input.value = now.segments[name]; }
    parts.push(made);
  });
  parts.forEach((part) => part.tell());
  $("segments").replaceChildren(...parts.map((part) => part.box));
}

// ---- questions ---------------------------------------------------------------------------------
function soon() {
  clearTimeout(state.timer);
  state.timer = setTimeout(ask, 180);
}

function fault(message) {
  $("faults").hidden = !message;
  $("faults").textContent = message;
}

function busy(key, values) {
  state.busy = [key, values];
  $("status").textContent = key ? t(key, values) : "";
}

async function ask() {
  const question = (state.question += 1);
  state.asking?.abort();
  state.asking = new AbortController();
  const begun = performance.now();
  document.body.classList.add("waiting");
  busy("working");
  fault("");
  try {
    for (const pairs of PAIRS) {
      for (const span of ["weeks", "season"]) {
        if (span === "season" && !state.look.longer) continue;
        const body = { session, scenario: state.scenario.name, levers: state.levers, pairs, span };
        const look = await (await post("/api/look", body, state.asking.signal)).json();
        if (question !== state.question) return;
        const first = pairs === PAIRS[0] && span === "weeks";
        if (first) state.seconds = ((performance.now() - begun) / 1000).toFixed(1);
        if (first) state.season = null;
        state[span === "weeks" ? "look" : "season"] = look;
        document.body.classList.remove("waiting");
        draw();
        document.body.dataset.answered = String(Number(document.body.dataset.answered ?? 0) + 1);
        busy("ready", { pairs: look.pairs, seconds: state.seconds });
        await new Promise((go) => setTimeout(go, PAUSE));
        if (question !== state.question) return;
      }
    }
  } catch (error) {
    if (question !== state.question || error.name === "AbortError" || error.overtaken) return;
    document.body.classList.remove("waiting");
    busy("");
    fault(error.message);
  }
}

// ---- answers -----------------------------------------------------------------------------------
function figure(value, unit, sign = false) {
  if (value === null) return "–";
  const plus = sign && value > 0 ? "+" : "";
  let text;
  if (unit === "share") text = `${(100 * value).toFixed(1)} %`;
  else if (unit === "yuan") text = `${compact(value)} ${t("yuan")}`;
  else if (unit === "ratio") text = `${value.toFixed(1)}×`;
  else if (unit === "orders") text = compact(value);
  else text = `${value.toFixed(1)} ${t("hours")}`;
  return plus + text.replace("-", "−");
}

const bare = (value, unit) => figure(value, unit === "yuan" ? "orders" : unit); // yuan without its name
const interval = (low, high, unit) => (low === null ? "" : `[${bare(low, unit)}, ${bare(high, unit)}]`);

// A difference of shares is in points.
function gap(row) {
  const points = row.unit === "share";
  const [mean, low, high] = row.difference.map((value) => (points && value !== null ? 100 * value : value));
  const one = (value, sign) => (points ? `${sign && value > 0 ? "+" : ""}${value.toFixed(1)}`.replace("-", "−") : sign ? figure(value, row.unit, true) : bare(value, row.unit));
  if (mean === null) return "–";
  const text = `${points ? t("points", { d: one(mean, true) }) : one(mean, true)}`;
  return low === null ? text : `${text} [${one(low)}, ${one(high)}]`;
}

function card(row) {
  const box = element("article", "card");
  box.dataset.metric = row.metric;
  box.append(element("h2", "", t(row.metric)));
  const list = element("dl");
  for (const side of ["first", "second"]) {
    const [mean, low, high] = row[side];
    const value = element("dd", "", `${figure(mean, row.unit)} `);
    value.append(element("small", "", interval(low, high, row.unit)));
    const name = element("dt", side, side === "first" ? "A" : "B");
    name.title = state.look[side];
    list.append(name, value);
  }
  box.append(list, told(t("in_weeks", { days: state.look.scored_days }), row));
  const later = state.season?.rows.find((one) => one.metric === row.metric);
  if (later) box.append(told(t("in_season"), later));
  return box;
}

function told(span, row) {
  const line = element("p");
  line.append(`${span}: ${gap(row)} `, element("span", row.verdict, t(row.verdict)));
  return line;
}

function sentence(look, span, peaks) {
  const names = { A: look.first, B: look.second };
  const row = Object.fromEntries(look.rows.map((one) => [one.metric, one]));
  const [mean, low, high] = row.profit.difference;
  const values = { ...names, x: figure(Math.abs(mean), "yuan"), i: mean < 0 ? interval(high === null ? null : -high, -low, "yuan") : interval(low, high, "yuan") };
  const signed = { ...names, x: figure(mean, "yuan", true), i: interval(low, high, "yuan") };
  const earn = { better: ["earns_more", values], worse: ["earns_less", values], tie: ["profit_tie", values], undecided: ["profit_undecided", signed] }[row.profit.verdict];
  const sure = ["better", "worse"];
  const parts = [t(...earn)];
  if (peaks) {
    const times = { f: row.peak_load.first[0].toFixed(1), g: row.peak_load.second[0].toFixed(1) };
    parts.push(t(sure.includes(row.peak_load.verdict) ? "peak_more" : "peak_same", times));
  }
  const back = row.repurchase_30d;
  const points = back.difference[0] === null ? "" : t("points", { d: Math.abs(100 * back.difference[0]).toFixed(1) });
  parts.push(t(sure.includes(back.verdict) ? (back.difference[0] > 0 ? "back_more" : "back_less") : "back_same", { d: points }));
  const text = parts.join(state.language === "zh" ? "；" : "; ") + (state.language === "zh" ? "。" : ".");
  return t(span, { s: text, days: look.scored_days, date: day(look.scored_end) });
}

const day = (date) => new Intl.DateTimeFormat(state.language, { month: "long", day: "numeric", timeZone: "UTC" }).format(Date.parse(`${date}T00:00Z`));

function draw() {
  const { look, season } = state;
  if (!look) return;
  const same = look.first === look.second;
  $("sentence").textContent = same ? t(state.scenario.schedules.length > 1 ? "same" : "none") : sentence(look, "weeks", true);
  $("later").textContent = same || !look.longer ? "" : season ? sentence(season, "season", false) : t("waiting", { date: day(look.season_end) });
  const whole = (value) => value.toLocaleString(state.language);
  $("basis").textContent = t("basis", { people: whole(look.people), of: whole(look.of), warm: look.warm_up_days, pairs: look.pairs, line_up: look.line_up });
  const errors = [...new Set([...look.errors, ...(season?.errors ?? [])])];
  if (errors.length) fault(t("failed") + errors.join("\n"));
  $("cards").replaceChildren(...CARDS.map((name) => card(look.rows.find((row) => row.metric === name))));
  $("legend").replaceChildren(
    element("span", "first", `━ A · ${look.first}`), element("span", "second", `╍ B · ${look.second}`), element("span", "faint", t("band")),
  );
  const highest = (side) => compact(Math.max(...look.daily[side].mean));
  const label = t("chart", { A: look.first, B: look.second, a: highest("first"), b: highest("second") });
  $("daily").replaceChildren(daily(look, $("daily").clientWidth || 600, label, state.language));
  drawGap(season ?? look);
  drawStations();
}

function drawGap(look) {
  const { mean } = look.gap;
  const names = { A: look.first, B: look.second };
  const label = t("gap_chart", { ...names, x: figure(mean.at(-1) ?? 0, "yuan", true), days: mean.length });
  $("gap").replaceChildren(added(look, $("gap").clientWidth || 600, label, state.language));
  $("gap-note").textContent = t("gap_note", names);
}

function drawStations() {
  const stations = state.look.played.stations;
  const chosen = $("station").value;
  $("station").replaceChildren(...stations.map((one) => new Option(one.name, one.name, false, one.name === chosen)));
  const hours = stations[0]?.first.arrivals.length ?? 1;
  $("hour").max = hours - 1;
  if (Number($("hour").value) === 0 && !playing) $("hour").value = hours - 1;
  drawQueues();
}

function drawQueues() {
  const { played, scored_start: start, first, second } = state.look;
  const station = played.stations.find((one) => one.name === $("station").value) ?? played.stations[0];
  if (!station) return;
  const hour = Number($("hour").value);
  const moment = new Date(Date.parse(`${start}T00:00Z`) + played.start_day * 86400000 + hour * 3600000);
  const clock = new Intl.DateTimeFormat(state.language, { weekday: "short", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "UTC" }).format(moment);
  $("clock").textContent = clock;
  $("hour").setAttribute("aria-valuetext", clock);
  const top = topOf(station);
  const wide = $("queues").clientWidth || 600;
  const width = innerWidth > 480 ? (wide - 16) / 2 : wide;
  $("queues").replaceChildren(...[["first", `A · ${first}`], ["second", `B · ${second}`]].map(([side, name]) => {
    const box = element("div");
    const now = station[side];
    const text = `${name}: ${compact(now.arrivals[hour])} ${t("arrive")}, ${compact(now.capacity[hour])} ${t("can")}, ${compact(now.inside[hour])} ${t("inside")}`;
    box.append(element("p", `legend ${side}`, text), queue(station, side, hour, width, `${station.name}, ${text}`, top));
    return box;
  }));
}

let playing = null;
function play(on) {
  clearInterval(playing);
  playing = null;
  if (on) {
    if (Number($("hour").value) >= Number($("hour").max)) $("hour").value = 0;
    playing = setInterval(() => {
      if (Number($("hour").value) >= Number($("hour").max)) return play(false);
      $("hour").value = Number($("hour").value) + 1;
      return drawQueues();
    }, 60);
  }
  $("play").setAttribute("aria-pressed", String(on));
  $("play").textContent = t(on ? "pause" : "play");
}

// ---- the rest ----------------------------------------------------------------------------------
function save(text, kind, name) {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([text], { type: kind }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

async function download(where, kind, name) {
  fault("");
  if (where === "/api/report") busy("writing");
  $(name.startsWith("report") ? "report" : "yaml").disabled = true;
  try {
    const body = { scenario: state.scenario.name, levers: state.levers, language: state.language };
    save(await (await post(where, body)).text(), kind, name);
    busy("");
  } catch (error) {
    fault(error.message);
    busy("");
  } finally {
    $(name.startsWith("report") ? "report" : "yaml").disabled = false;
  }
}

function speak() {
  document.documentElement.lang = state.language;
  for (const place of document.querySelectorAll("[data-say]")) place.textContent = t(place.dataset.say);
  $("language").textContent = state.language === "en" ? "中文" : "English";
  $("language").lang = state.language === "en" ? "zh" : "en";
  $("hour").setAttribute("aria-label", t("hour"));
  play(false);
  busy(...state.busy);
  if (state.scenario) drawLevers();
  if (state.look) draw();
}

async function open(name) {
  const answer = await fetch(`/api/start${name ? `?name=${encodeURIComponent(name)}` : ""}`);
  const start = await answer.json();
  if (!answer.ok) { fault(start.errors.join("\n")); return; }
  state.scenario = start.scenario;
  state.levers = {};
  $("report").hidden = !start.report;
  $("scenario").replaceChildren(...start.names.map((one) => new Option(one, one, false, one === start.scenario.name)));
  $("scenario").title = start.scenario.title;
  drawLevers();
  ask();
}

$("scenario").addEventListener("change", () => open($("scenario").value));
$("language").addEventListener("click", () => { state.language = state.language === "en" ? "zh" : "en"; speak(); });
$("reset").addEventListener("click", () => { state.levers = {}; drawLevers(); ask(); });
$("yaml").addEventListener("click", () => download("/api/yaml", "application/yaml", `${state.scenario.name}-explored.yaml`));
$("report").addEventListener("click", () => download("/api/report", "text/html", "report.html"));
$("station").addEventListener("change", drawQueues);
$("hour").addEventListener("input", () => { play(false); drawQueues(); });
$("play").addEventListener("click", () => play(playing === null));
$("levers").addEventListener("submit", (event) => event.preventDefault());
let resized = null;
addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(draw, 150); });
if (navigator.language.startsWith("zh") && WORDS.zh) state.language = "zh";
speak();
open("");

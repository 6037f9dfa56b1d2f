// SVG charts from the frames that the server sends. Text only ever enters as text nodes.
const NS = "http://www.w3.org/2000/svg";
const DAY = 86400000;

export function node(name, attributes = {}, text = null) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  return made;
}

function nice(top) {
  const unit = 10 ** Math.floor(Math.log10(Math.max(top, 1)));
  return [1, 2, 2.5, 5, 10].map((m) => m * unit).find((m) => m >= top);
}

export function compact(value) {
  const size = Math.abs(value);
  if (size >= 999500) return `${(value / 1e6).toFixed(size >= 1e7 ? 0 : 1)}M`;
  if (size >= 9995) return `${(value / 1e3).toFixed(0)}k`;
  return value.toFixed(size < 10 && value % 1 ? 1 : 0);
}

function frame(width, height, ticks, label, left = 44) {
  const svg = node("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  const bottom = height - 20;
  const least = ticks[0];
  const y = (value) => bottom - (bottom - 12) * ((value - least) / (ticks[ticks.length - 1] - least));
  for (const tick of ticks) {
    svg.append(node("line", { x1: left, x2: width, y1: y(tick), y2: y(tick), class: tick === 0 && least < 0 ? "zero" : "axis" }));
    svg.append(node("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, compact(tick).replace("-", "−")));
  }
  return { svg, y, left, bottom };
}

const upTo = (top) => [0, top / 2, top];

function dates(svg, x, days, width, y, start, locale) {
  const step = Math.max(1, Math.ceil(days / (width / 90)));
  const format = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", timeZone: "UTC" });
  for (let day = 0; day < days; day += step) {
    svg.append(node("text", { x: x(day + 0.5), y, "text-anchor": "middle" }, format.format(start + day * DAY)));
  }
}

const path = (points) => points.map(([x, y], n) => `${n ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join("");

export function daily(look, width, label, locale) {
  const sides = ["second", "first"];
  const days = look.daily.first.mean.length;
  const top = nice(Math.max(...sides.flatMap((side) => look.daily[side].high)));
  const height = 158;
  const { svg, y, left, bottom } = frame(width, height, upTo(top), label);
  const zero = Date.parse(`${look.scored_start}T00:00Z`);
  const x = (day) => left + ((width - left - 4) * day) / days;
  for (const side of sides) {
    const group = node("g", { class: side });
    for (const campaign of look.campaigns[side]) {
      const from = Math.max(0, (Date.parse(`${campaign.start}Z`) - zero) / DAY);
      const to = Math.min(days, (Date.parse(`${campaign.end}Z`) - zero) / DAY);
      if (to <= from) continue;
      const tall = side === "first" ? { y: 12, height: bottom - 12 } : { y: bottom - 6, height: 6 };
      group.append(node("rect", { x: x(from), width: x(to) - x(from), ...tall, class: "window" }));
    }
    svg.append(group);
  }
  for (const side of sides) {
    const { mean, low, high } = look.daily[side];
    const at = (values) => values.map((value, n) => [x(n + 0.5), y(value)]);
    const group = node("g", { class: side });
    group.append(node("path", { d: `${path([...at(high), ...at(low).reverse()])}Z`, class: "area" }));
    group.append(node("path", { d: path(at(mean)), class: side === "second" ? "line dashed" : "line" }));
    svg.append(group);
  }
  dates(svg, x, days, width, height - 4, zero, locale);
  return svg;
}

// One line around zero, from the first scored day to the last counted one.
export function added(look, width, label, locale) {
  const { mean, low, high } = look.gap;
  const days = mean.length;
  const [least, most] = [Math.min(0, ...low), Math.max(0, ...high)];
  const step = nice(Math.max(most, -least) / 2);
  const ticks = [];
  for (let n = Math.floor(least / step - 1e-9); n <= Math.ceil(most / step - 1e-9); n += 1) ticks.push(n * step);
  const height = 140;
  const { svg, y, left, bottom } = frame(width, height, ticks.length > 1 ? ticks : upTo(1), label);
  const x = (day) => left + ((width - left - 4) * day) / days;
  const at = (values) => values.map((value, n) => [x(n + 0.5), y(value)]);
  svg.append(node("path", { d: `${path([...at(high), ...at(low).reverse()])}Z`, class: "area" }));
  svg.append(node("path", { d: path(at(mean)), class: "line" }));
  svg.append(node("line", { x1: x(look.scored_days), x2: x(look.scored_days), y1: 8, y2: bottom, class: "end" }));
  dates(svg, x, days, width, height - 4, Date.parse(`${look.scored_start}T00:00Z`), locale);
  return svg;
}

// One strip a schedule: bars of arrivals, dashed capacity, area of what is inside, and a hand at the hour.
export function queue(station, side, hour, width, label, top) {
  const height = 112;
  const data = station[side];
  const { svg, y, left, bottom } = frame(width, height, upTo(top), label);
  const hours = data.arrivals.length;
  const wide = (width - left - 4) / hours;
  const x = (n) => left + wide * n;
  const group = node("g", { class: side });
  const shown = Math.min(hours, hour + 1);
  const inside = data.inside.slice(0, shown).map((value, n) => [x(n + 0.5), y(value)]);
  if (inside.length > 1) {
    const last = inside[inside.length - 1][0];
    group.append(node("path", { d: `${path([[inside[0][0], bottom], ...inside, [last, bottom]])}Z`, class: "area" }));
  }
  for (let n = 0; n < shown; n += 1) {
    const high = bottom - y(data.arrivals[n]);
    if (high > 0.2) group.append(node("rect", { x: x(n), y: bottom - high, width: Math.max(0.8, wide - 0.5), height: high, class: "bar" }));
  }
  svg.append(group);
  const steps = data.capacity.flatMap((value, n) => [[x(n), y(Math.min(top, value))], [x(n + 1), y(Math.min(top, value))]]);
  svg.append(node("path", { d: path(steps), class: "cap" }));
  svg.append(node("line", { x1: x(hour + 0.5), x2: x(hour + 0.5), y1: 8, y2: bottom, class: "now" }));
  for (let n = 0; n < hours; n += 24) svg.append(node("line", { x1: x(n), x2: x(n), y1: bottom, y2: bottom + 4, class: "axis" }));
  return svg;
}

export function topOf(station) {
  const peak = (key) => Math.max(...station.first[key], ...station.second[key]);
  return nice(Math.max(1, peak("arrivals"), peak("inside")));
}

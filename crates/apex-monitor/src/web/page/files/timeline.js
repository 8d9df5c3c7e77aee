// Layers and categories against time and budget, as SVG.

import { draw, seconds, words } from "./text.js";

const WIDTH = 1100;
const NAMES = 210;
const LAYER = 24;
const ROW = 17;
const TOP = 20;
// For what stands behind the longest bar.
const ROOM = 150;

/** Draws the outline of a run at a time in seconds. */
export function timeline(svg, run, now) {
  const most = Math.max(now, run.expected_seconds ?? 0, ...run.layers.map((layer) => endOf(layer, now)), 0.001);
  const x = (time) => NAMES + (time / most) * (WIDTH - NAMES - ROOM);
  const parts = [];
  let y = TOP;
  for (const layer of run.layers) {
    parts.push(...ofLayer(layer, x, y, now));
    y += LAYER;
    for (const category of layer.categories) {
      parts.push(...ofCategory(category, x, y, now));
      y += ROW;
    }
    y += 6;
  }
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${y}`);
  svg.replaceChildren(...grid(most, x, y), ...parts);
}

function endOf(layer, now) {
  if (layer.started === null) return 0;
  const ended = layer.ended ?? now;
  // A budget far beyond what is needed would press everything to the left edge.
  const budget = layer.budget_seconds ?? 0;
  const shown = budget < 3 * Math.max(ended - layer.started, 0.001) ? layer.started + budget : 0;
  return Math.max(ended, shown);
}

function grid(most, x, height) {
  const step = niceStep(most / 6);
  const lines = [];
  for (let time = 0; time <= most; time += step) {
    lines.push(draw("line", { class: "grid", x1: x(time), x2: x(time), y1: TOP - 6, y2: height }));
    lines.push(draw("text", { class: "soft", x: x(time), y: 10, "text-anchor": "middle" }, seconds(time)));
  }
  return lines;
}

function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10);
}

function ofLayer(layer, x, y, now) {
  const parts = [draw("text", { x: 0, y: y + 15, "font-weight": 600 }, layer.name)];
  if (layer.started === null) {
    parts.push(draw("text", { class: "soft", x: NAMES, y: y + 15 }, words(layer.state)));
    return parts;
  }
  const ended = layer.ended ?? now;
  const spent = ended - layer.started;
  if (layer.budget_seconds !== null) {
    const end = Math.min(x(layer.started + layer.budget_seconds), WIDTH);
    parts.push(draw("rect", { class: "budget", x: x(layer.started), y: y + 4, width: Math.max(end - x(layer.started), 1), height: 15, rx: 4 }));
  }
  const bar = draw("rect", { class: layer.ended === null ? "bar running" : "bar", "data-outcome": layer.state, x: x(layer.started), y: y + 4, width: Math.max(x(ended) - x(layer.started), 2), height: 15, rx: 4 });
  const budget = layer.budget_seconds === null ? "" : ` of ${seconds(layer.budget_seconds)}`;
  bar.append(draw("title", {}, `${layer.name}: ${words(layer.state)}, ${seconds(spent)}${budget}${layer.reason ? `, ${layer.reason}` : ""}`));
  parts.push(bar);
  parts.push(draw("text", { class: "soft", x: x(ended) + 6, y: y + 15 }, `${seconds(spent)}${budget}`));
  return parts;
}

function ofCategory(category, x, y, now) {
  const parts = [draw("text", { class: "soft", x: 14, y: y + 12 }, category.name)];
  const spans = category.jobs.length > 0 ? category.jobs : [category];
  for (const span of spans) {
    if (span.started === null) continue;
    const ended = span.ended ?? now;
    const bar = draw("rect", { class: span.ended === null ? "bar running" : "bar thin", "data-outcome": span.state, x: x(span.started), y: y + 5, width: Math.max(x(ended) - x(span.started), 2), height: 8, rx: 2 });
    bar.append(draw("title", {}, `${category.name}: ${words(span.state)}, ${seconds(ended - span.started)}${category.reason ? `, ${category.reason}` : ""}`));
    parts.push(bar);
  }
  return parts;
}

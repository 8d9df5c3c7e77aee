// The page of one run: shows its outline, again whenever the stream brings a new one.

import { follow } from "./stream.js";
import { testList } from "./tests.js";
import { draw, find, make, seconds, words } from "./text.js";
import { timeline } from "./timeline.js";

const OUTCOMES = ["passed", "flaky", "quarantined", "failed", "errored", "timed_out", "cancelled", "blocked", "skipped", "deferred", "not_run"];
const REFRESH = 1000;

const run = find("run").dataset.run;
let outline = JSON.parse(find("outline").textContent);
let arrived = performance.now();
const tests = testList(run);

/** Seconds of the run now: of a live one, its clock goes on between two events. */
function now() {
  return outline.state === "running" ? outline.at + (performance.now() - arrived) / 1000 : outline.at;
}

function show() {
  const word = outline.verdict ?? outline.state;
  const badge = find("verdict");
  badge.textContent = word;
  badge.dataset.outcome = word === "lost" || word === "damaged" ? "errored" : word;
  document.title = document.title.replace(/^[^·]*/, `${word} `);
  notice("damage", outline.damage);
  notice("stopped", outline.stopped_by);
  if (find("stop")) find("stop").hidden = outline.state !== "running";
  if (find("rerun")) find("rerun").hidden = outline.state === "running";
  shares();
  services();
  running();
  failed();
  warnings();
  clock();
}

function clock() {
  find("spent").textContent = seconds(now());
  timeline(find("timeline"), outline, now());
  for (const element of document.querySelectorAll("[data-since]")) {
    element.textContent = seconds(Math.max(now() - Number(element.dataset.since), 0));
  }
}

function notice(id, text) {
  find(id).hidden = !text;
  find(id).textContent = text ?? "";
}

function shares() {
  const counts = outline.tests;
  const all = Math.max(counts.selected, 1);
  const bars = [];
  let x = 0;
  for (const outcome of OUTCOMES) {
    const width = (1000 * (counts[outcome] ?? 0)) / all;
    if (width > 0) bars.push(draw("rect", { x, y: 0, width, height: 10, "data-outcome": outcome }));
    x += width;
  }
  find("shares").replaceChildren(...bars);
  const settled = OUTCOMES.reduce((sum, outcome) => sum + (counts[outcome] ?? 0), 0);
  const tallies = OUTCOMES.filter((outcome) => counts[outcome] > 0).map((outcome) => tally(outcome, counts[outcome], words(outcome)));
  tallies.push(tally("waiting", counts.selected, settled === counts.selected ? "tests" : `tests known, ${counts.selected - settled} to come`));
  find("tallies").replaceChildren(...tallies);
}

function tally(outcome, number, text) {
  return make("li", { "data-outcome": outcome }, make("span", { class: "dot" }), make("b", {}, String(number)), text);
}

function row(outcome, name, where, ...rest) {
  return make("li", { class: "row", "data-outcome": outcome },
    make("span", { class: "dot", role: "img", "aria-label": words(outcome) }),
    make("span", { class: "name" }, name), make("span", { class: "where" }, where), ...rest);
}

function services() {
  find("services-panel").hidden = outline.services.length === 0;
  find("services").replaceChildren(...outline.services.map((service) =>
    row(service.state, service.name, service.reason || service.addresses.join(", "), make("span", { class: "time" }, words(service.state)))));
}

function running() {
  find("running-panel").hidden = outline.state !== "running";
  const rows = outline.running.map((test) =>
    row("running", test.id, test.category, make("span", { class: "time", "data-since": String(test.since) })));
  find("running").replaceChildren(...(rows.length > 0 ? rows : [make("li", { class: "empty" }, "No test at this moment.")]));
}

function failed() {
  find("failed-panel").hidden = outline.failed.length === 0;
  const more = outline.failed_left_out;
  find("failed-count").textContent = more > 0 ? `${outline.failed.length} of ${outline.failed.length + more}` : `${outline.failed.length}`;
  find("failed").replaceChildren(...outline.failed.map((test) => make("li", { "data-outcome": test.outcome },
    make("a", { class: "row", href: `/runs/${encodeURIComponent(run)}/tests/${test.test}` },
      make("span", { class: "dot", role: "img", "aria-label": words(test.outcome) }),
      make("span", { class: "name" }, test.id), make("span", { class: "where" }, test.category), make("span", { class: "time" }, words(test.outcome)),
      make("span", { class: "message" }, test.message)))));
}

function warnings() {
  find("warnings-panel").hidden = outline.warnings.length === 0;
  const more = outline.warnings_left_out > 0 ? [make("li", { class: "soft" }, `and ${outline.warnings_left_out} more`)] : [];
  find("warnings").replaceChildren(...outline.warnings.map((text) => make("li", {}, text)), ...more);
}

async function order(word, done) {
  const answer = await fetch(`/api/runs/${encodeURIComponent(run)}/${word}`, { method: "POST" });
  if (answer.ok) return done(answer);
  const problem = await answer.json();
  notice("damage", problem.detail);
}
find("stop")?.addEventListener("click", () => order("stop", () => { find("stop").disabled = true; }));
find("rerun")?.addEventListener("click", () => order("rerun", async (answer) => {
  const begun = await answer.json();
  // Its directory appears as soon as it is planned.
  const look = async () => {
    const there = await fetch(`/api/runs/${encodeURIComponent(begun.run)}`).catch(() => null);
    if (there?.ok) location.assign(`/runs/${encodeURIComponent(begun.run)}`);
    else setTimeout(look, 300);
  };
  look();
}));

show();
if (outline.state === "running") {
  let refreshed = -REFRESH;
  let due;
  const renew = () => {
    clearTimeout(due);
    due = undefined;
    refreshed = performance.now();
    tests.refresh();
  };
  follow(run, (view) => {
    const isOver = view.state !== "running";
    outline = view;
    arrived = performance.now();
    show();
    // At most once a second, and always after the last news.
    if (isOver) renew();
    else due ??= setTimeout(renew, Math.max(refreshed + REFRESH - performance.now(), 0));
  }, (state) => {
    const connection = find("connection");
    connection.dataset.state = state;
    connection.textContent = { live: "live", lost: "connecting again …", over: "" }[state];
  });
  setInterval(() => { if (outline.state === "running") clock(); }, 250);
}

// All tests of a run. However many there are, only those in sight exist: the server searches,
// sorts and gives pages of them.

import { find, make, seconds, words } from "./text.js";

const HEIGHT = 34;
const PAGE = 100;
const KEPT_PAGES = 30;

/** The list; `refresh()` asks again for what is in sight. */
export function testList(run) {
  const view = find("window");
  const all = find("all");
  const ask = { q: "", outcome: "", sort: "plan" };
  let pages = new Map();
  let matched = 0;
  let here = -1;
  let era = 0;

  async function load(number) {
    const of = era;
    const query = new URLSearchParams({ ...ask, offset: number * PAGE, limit: PAGE });
    const answer = await fetch(`/api/runs/${encodeURIComponent(run)}/tests?${query}`).catch(() => null);
    if (!answer?.ok || of !== era) return;
    const page = await answer.json();
    if (of !== era) return;
    pages.delete(number);
    pages.set(number, page.tests);
    if (pages.size > KEPT_PAGES) pages.delete(pages.keys().next().value);
    matched = page.matched;
    find("matched").textContent = page.matched === page.total ? `${page.total}` : `${page.matched} of ${page.total}`;
    show();
  }

  function inSight() {
    const first = Math.max(Math.floor(view.scrollTop / HEIGHT) - 5, 0);
    return [first, Math.min(first + Math.ceil(view.clientHeight / HEIGHT) + 10, matched)];
  }

  function show() {
    const [first, end] = inSight();
    all.style.height = `${matched * HEIGHT}px`;
    const lines = [];
    for (let at = first; at < end; at += 1) {
      const row = pages.get(Math.floor(at / PAGE))?.[at % PAGE];
      if (row) lines.push(line(row, at));
    }
    if (matched === 0) lines.push(make("p", { class: "empty" }, "No test fits."));
    all.replaceChildren(...lines);
  }

  function line(row, at) {
    const time = row.duration_seconds === null ? "" : seconds(row.duration_seconds);
    const element = make("a",
      { class: at === here ? "line here" : "line", role: "option", "aria-selected": String(at === here), "data-outcome": row.state, href: `/runs/${encodeURIComponent(run)}/tests/${row.test}`, title: row.message ? `${row.id}\n${row.message}` : row.id },
      make("span", { class: "dot", role: "img", "aria-label": words(row.state) }),
      make("span", { class: "name" }, row.id),
      make("span", { class: "where" }, row.category),
      make("span", { class: "time" }, row.state === "running" || row.state === "waiting" ? words(row.state) : time));
    element.style.top = `${at * HEIGHT}px`;
    return element;
  }

  function need() {
    const [first, end] = inSight();
    for (let number = Math.floor(first / PAGE); number * PAGE < Math.max(end, 1); number += 1) {
      if (!pages.has(number)) { pages.set(number, []); load(number); }
    }
    show();
  }

  function again() {
    era += 1;
    pages = new Map();
    here = -1;
    view.scrollTop = 0;
    load(0);
  }

  function refresh() {
    const [first, end] = inSight();
    for (let number = Math.floor(first / PAGE); number * PAGE < Math.max(end, 1); number += 1) load(number);
    for (const number of [...pages.keys()]) {
      if ((number + 1) * PAGE <= first || number * PAGE >= end) pages.delete(number);
    }
  }

  let waiting;
  find("search").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { ask.q = event.target.value; again(); }, 120);
  });
  find("sort").addEventListener("change", (event) => { ask.sort = event.target.value; again(); });
  function choose(value) {
    ask.outcome = value;
    for (const chip of find("chips").children) chip.setAttribute("aria-pressed", String(chip.dataset.value === value));
    again();
  }
  find("chips").addEventListener("click", (event) => {
    const value = event.target.closest("button")?.dataset.value;
    if (value !== undefined) choose(value);
  });
  let drawn = false;
  view.addEventListener("scroll", () => {
    if (drawn) return;
    drawn = true;
    requestAnimationFrame(() => { drawn = false; need(); });
  }, { passive: true });

  document.addEventListener("apex:move", (event) => {
    here = Math.min(Math.max(here + event.detail, 0), matched - 1);
    const top = here * HEIGHT;
    if (top < view.scrollTop) view.scrollTop = top;
    if (top + HEIGHT > view.scrollTop + view.clientHeight) view.scrollTop = top + HEIGHT - view.clientHeight;
    need();
  });
  document.addEventListener("apex:open", () => all.querySelector(".here")?.click());
  document.addEventListener("apex:failed", () => choose(ask.outcome === "bad" ? "" : "bad"));

  load(0);
  return { refresh };
}

// What every page has: light and dark, keys, a filter for tables, and a list of runs that grows.

import { find } from "./text.js";

const root = document.documentElement;
const kept = localStorage.getItem("apex-theme");
if (kept) root.dataset.theme = kept;
find("theme").addEventListener("click", () => {
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("apex-theme", root.dataset.theme);
});
find("keys").addEventListener("click", () => find("help").showModal());

const list = find("list");
const lines = () => [...document.querySelectorAll("tr[data-line]:not([hidden])")];
let here = -1;

function move(by) {
  if (!list) return document.dispatchEvent(new CustomEvent("apex:move", { detail: by }));
  const all = lines();
  all[here]?.classList.remove("here");
  here = Math.min(Math.max(here + by, 0), all.length - 1);
  all[here]?.classList.add("here");
  all[here]?.scrollIntoView({ block: "nearest" });
}

function open() {
  if (!list) return document.dispatchEvent(new CustomEvent("apex:open"));
  const address = lines()[here]?.dataset.href;
  if (address) location.assign(address);
}

const KEYS = {
  "/": () => find("search")?.focus(),
  "?": () => find("help").showModal(),
  j: () => move(1),
  k: () => move(-1),
  g: () => location.assign("/"),
  f: () => document.dispatchEvent(new CustomEvent("apex:failed")),
  Enter: open,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target.matches("input, select, textarea");
  if (event.key === "Escape" && isTyping) return event.target.blur();
  if (isTyping || (event.key === "Enter" && event.target.matches("a, button"))) return;
  const action = KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

if (list) {
  list.addEventListener("click", (event) => {
    const address = event.target.closest("tr")?.dataset.href;
    if (address && !event.target.closest("a")) location.assign(address);
  });
  find("search")?.addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const line of document.querySelectorAll("tr[data-line]")) {
      line.hidden = !line.textContent.toLowerCase().includes(wanted);
    }
    here = -1;
    const [shown, all] = [lines().length, document.querySelectorAll("tr[data-line]").length];
    find("matched").textContent = shown === all ? "" : `${shown} of ${all}`;
  });
}

// The list of runs: new ones appear, live ones move on, unless somebody is reading or typing.
if (location.pathname === "/" && !location.search) {
  setInterval(async () => {
    if (document.hidden || here >= 0 || find("search").value) return;
    const answer = await fetch("/").catch(() => null);
    if (!answer?.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    list.tBodies[0].replaceWith(fresh.getElementById("list").tBodies[0]);
  }, 2000);
}

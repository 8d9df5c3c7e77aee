// The list of all tests: filtered, searched, and made row by row as it comes into sight.
// Texts of tests go through textContent only.
"use strict";
(() => {
  const CHUNK = 200;
  const [ID, CATEGORY, OUTCOME, MILLIS, ATTEMPTS, SAID] = [0, 1, 2, 3, 4, 5];
  const BAD = ["failed", "errored", "timed_out"];
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const list = at("tests");
  const chosen = new Set();
  let folded = null;
  let found = [];
  let shown = 0;

  const make = (name, kind, text) => {
    const element = document.createElement(name);
    if (kind) element.className = kind;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  const duration = (millis) => {
    if (millis < 0) return "";
    if (millis < 1000) return (millis / 1000).toFixed(2) + "s";
    const seconds = Math.floor(millis / 1000);
    if (seconds < 60) return seconds + "." + Math.floor((millis % 1000) / 100) + "s";
    const two = (number) => String(number).padStart(2, "0");
    if (seconds < 3600) return Math.floor(seconds / 60) + "m" + two(seconds % 60) + "s";
    return Math.floor(seconds / 3600) + "h" + two(Math.floor(seconds / 60) % 60) + "m";
  };

  const fill = (box, said) => {
    const [message, place, log, details, output] = said;
    if (message) box.append(make("p", "message", message));
    const line = (before, text) => {
      const paragraph = make("p", "soft", before);
      paragraph.append(make("code", "", text));
      box.append(paragraph);
    };
    if (place) line("at ", place);
    const block = (text) => {
      const pre = make("pre", "output", text);
      pre.tabIndex = 0;
      box.append(pre);
    };
    if (details) block(details);
    if (output) {
      box.append(make("p", "soft", "it wrote"));
      block(output);
    }
    if (log) line("everything its job wrote: ", log);
  };

  const row = (test) => {
    const item = make("li");
    const [outcome, word] = data.outcomes[test[OUTCOME]];
    item.dataset.outcome = outcome;
    const hasMore = test[SAID] >= 0;
    const line = make(hasMore ? "summary" : "div", "row");
    const category = data.categories[test[CATEGORY]] || "";
    const tries = test[ATTEMPTS] > 1 ? " · " + test[ATTEMPTS] + " attempts" : "";
    line.append(
      make("span", "dot"),
      make("span", "name", test[ID]),
      make("span", "where", category + " · " + word + tries),
      make("span", "time", duration(test[MILLIS])),
    );
    if (!hasMore) {
      item.append(line);
      return item;
    }
    const details = make("details");
    details.append(line);
    details.addEventListener("toggle", () => {
      if (details.children.length > 1) return;
      const box = make("div", "details");
      fill(box, data.said[test[SAID]]);
      details.append(box);
    });
    item.append(details);
    return item;
  };

  const showMore = () => {
    const part = document.createDocumentFragment();
    for (const index of found.slice(shown, shown + CHUNK)) part.append(row(data.tests[index]));
    list.append(part);
    shown = Math.min(shown + CHUNK, found.length);
    at("more").hidden = shown >= found.length;
  };

  const choose = () => {
    const words = at("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const category = Number(at("category").value);
    if (words.length && !folded) folded = data.tests.map((test) => test[ID].toLowerCase());
    found = [];
    for (let index = 0; index < data.tests.length; index++) {
      const test = data.tests[index];
      if (chosen.size && !chosen.has(test[OUTCOME])) continue;
      if (category >= 0 && test[CATEGORY] !== category) continue;
      if (words.every((word) => folded[index].includes(word))) found.push(index);
    }
    const order = at("order").value;
    if (order === "slow") found.sort((a, b) => data.tests[b][MILLIS] - data.tests[a][MILLIS]);
    if (order === "name") {
      found.sort((a, b) => (data.tests[a][ID] < data.tests[b][ID] ? -1 : 1));
    }
    list.replaceChildren();
    shown = 0;
    const number = (value) => value.toLocaleString("en");
    const all = number(data.tests.length);
    at("found").textContent =
      found.length === data.tests.length ? all : number(found.length) + " of " + all;
    showMore();
  };

  const addChips = () => {
    const numbers = new Map();
    for (const test of data.tests) numbers.set(test[OUTCOME], (numbers.get(test[OUTCOME]) || 0) + 1);
    data.outcomes.forEach(([outcome, word], index) => {
      if (!numbers.has(index)) return;
      const chip = make("button", "button", word + " " + numbers.get(index).toLocaleString("en"));
      chip.type = "button";
      chip.dataset.outcome = outcome;
      chip.setAttribute("aria-pressed", "false");
      chip.addEventListener("click", () => {
        const isOn = !chosen.delete(index) && chosen.add(index) !== undefined;
        chip.setAttribute("aria-pressed", String(isOn));
        choose();
      });
      at("chips").append(chip);
    });
  };

  const failedFirst = () => {
    const isBad = (test) => BAD.includes(data.outcomes[test[OUTCOME]][0]);
    const bad = data.tests.filter(isBad);
    if (bad.length) data.tests = bad.concat(data.tests.filter((test) => !isBad(test)));
  };

  const theme = at("theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const root = document.documentElement;
    const isDark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
  });

  let waiting = 0;
  at("search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(choose, 80);
  });
  at("category").addEventListener("change", choose);
  at("order").addEventListener("change", choose);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      event.preventDefault();
      at("search").focus();
    }
  });
  new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting) && shown < found.length) showMore();
  }, { rootMargin: "600px" }).observe(at("more"));

  const asked = new URLSearchParams(location.hash.slice(1)).get("q");
  if (asked) at("search").value = asked;
  failedFirst();
  addChips();
  choose();
})();

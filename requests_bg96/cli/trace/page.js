"use strict";
// Text from the file gets into the page by textContent only, never as HTML.
(() => {
  const byId = (id) => document.getElementById(id);
  const list = byId("list"), details = byId("details"), search = byId("search");
  const failedOnly = byId("failed"), fromLeft = byId("left"), count = byId("count");
  const data = JSON.parse(byId("data").textContent);
  const total = data.lines.length;
  // The rows by the number of the request, from 0, as far as they were needed.
  const rows = [];
  // The numbers of the requests that are shown, how many of them are in the list, and
  // the place of the one that is chosen.
  let shown = data.lines.map((_, index) => index), placed = 0, current = 0;
  let pinned = false, last = null, working = false;
  // How many rows are made at a time, and how much shorter than the longest request a
  // phase may be and is still drawn.
  const STEP = 100, MOST = 1500, DETAIL = 1000;

  function make(tag, text, kind) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function drawing(kind, box) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    if (kind) made.setAttribute("class", kind);
    made.setAttribute("viewBox", box);
    made.setAttribute("aria-hidden", "true");
    return made;
  }

  function rectangle(phase, left, right) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "path");
    made.setAttribute("class", phase);
    made.setAttribute("d", `M${left} 0H${right}V10H${left}z`);
    return made;
  }

  function swatch(phase) {
    const made = drawing("swatch", "0 0 10 10");
    made.append(rectangle(phase, 0, 10));
    return made;
  }

  function duration(ms) {
    if (ms < 999.5) return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
    if (ms < 99950) return `${(ms / 1000).toFixed(1)} s`;
    const seconds = Math.round(ms / 1000), minutes = Math.floor(seconds / 60);
    const two = (number) => String(number).padStart(2, "0");
    return minutes < 60
      ? `${minutes}:${two(seconds % 60)} min`
      : `${Math.floor(minutes / 60)}:${two(minutes % 60)} h`;
  }

  // The phases that can be seen, or else the longest.
  function bars(start, phases) {
    const made = drawing("", box(start));
    made.setAttribute("preserveAspectRatio", "none");
    let shortest = 0;
    for (let i = 1; i < phases.length; i += 2) shortest = Math.max(shortest, phases[i]);
    shortest = Math.min(shortest, data.longest / DETAIL);
    let left = start;
    for (let i = 0; i < phases.length; i += 2) {
      const right = left + phases[i + 1];
      if (phases[i + 1] >= shortest) {
        made.append(rectangle(data.phases[phases[i]][0], left, right));
      }
      left = right;
    }
    return made;
  }

  const box = (start) =>
    fromLeft.checked ? `${start} 0 ${data.longest} 10` : `0 0 ${data.length} 10`;

  function rowOfLine(index) {
    const [method, url, result, failed, start, ms] = data.lines[index];
    const made = make("li", undefined, failed ? "bad" : "");
    made.setAttribute("role", "option");
    made.setAttribute("aria-selected", "false");
    made.id = `r${index}`;
    made.append(
      make("span", index + 1, "n"),
      make("span", data.strings[method], "m"),
      make("span", data.strings[url], "u"),
      make("span", data.strings[result], "s"),
      make("span", duration(ms), "t"),
      bars(start, data.details[index][1]),
    );
    return made;
  }

  // Put the first rows of `shown` into the list.
  function placeRows(count) {
    const more = document.createDocumentFragment();
    for (; placed < Math.min(count, shown.length); placed++) {
      more.append((rows[shown[placed]] ??= rowOfLine(shown[placed])));
    }
    list.append(more);
  }

  // The other rows are made while the browser has nothing else to do.
  const idle = window.requestIdleCallback
    ? (work) => requestIdleCallback(work, { timeout: 50 }) : (work) => setTimeout(work);

  // Each time the list grows, the browser looks at all of it: so few times, and more
  // rows each time.
  function placeMore() {
    placeRows(placed + Math.max(STEP, Math.min(placed, MOST)));
    working = placed < shown.length;
    if (working) idle(placeMore);
  }

  function table(title, lines, kind) {
    if (!lines.length) return [];
    const made = make("table", undefined, kind);
    for (const cells of lines) {
      const row = made.insertRow();
      row.append(...cells);
    }
    return [make("h3", title), made];
  }

  function column(...parts) {
    const made = make("div", undefined, "column");
    made.append(...parts);
    return made;
  }

  const pair = ([name, value]) => [make("th", name), make("td", value)];

  function pairs(numbers) {
    const found = [];
    for (let i = 0; i < numbers.length; i += 2) {
      found.push([data.strings[numbers[i]], data.strings[numbers[i + 1]]]);
    }
    return found;
  }

  function phaseLine(index, ms) {
    const name = make("th");
    if (data.phases[index]) name.append(swatch(data.phases[index][0]));
    name.append(data.phases[index][1]);
    return [name, make("td", duration(ms), "time")];
  }

  function dialogueLines(numbers) {
    const found = [];
    for (let i = 0; i < numbers.length; i += 3) {
      const text = data.strings[numbers[i + 2]], phase = data.phases[numbers[i + 1]];
      const mark = make("td");
      if (phase) {
        mark.append(swatch(phase[0]));
        mark.title = phase[1];
      }
      found.push([
        make("td", (numbers[i] / 1000).toFixed(3), "time faint"),
        mark,
        make("td", text, text.startsWith(">") ? "sent" : ""),
      ]);
    }
    return found;
  }

  function show(row) {
    if (row === last || !row) return;
    last = row;
    const index = Number(row.id.slice(1));
    const [facts, phases, sent, received, dialogue, error] = data.details[index];
    const cell = (kind) => row.querySelector(kind).textContent;
    const lines = [];
    for (let i = 0; i < phases.length; i += 2) {
      lines.push(phaseLine(phases[i], phases[i + 1]));
    }
    const told = table("AT dialogue, in seconds since the start", dialogueLines(dialogue), "dialogue");
    details.replaceChildren(
      make("h2", `${cell(".n")}. ${cell(".m")} ${cell(".u")}`),
      ...(error < 0 ? [] : [make("p", data.strings[error], "error")]),
      column(
        ...table("Result", pairs(facts).map(pair)),
        ...table("Phases", lines),
      ),
      column(
        ...(told.length ? told : [make("h3", "This file has no AT dialogue of the request.")]),
        ...table("Request headers", pairs(sent).map(pair)),
        ...table("Response headers", pairs(received).map(pair)),
      ),
    );
    details.scrollTop = 0;
  }

  function leave() {
    const row = rows[shown[current]];
    row?.classList.remove("current");
    row?.setAttribute("aria-selected", "false");
  }

  function choose(index) {
    leave();
    current = Math.max(0, Math.min(shown.length - 1, index));
    placeRows(current + 1);
    const row = rows[shown[current]];
    if (!row) {
      list.removeAttribute("aria-activedescendant");
      details.replaceChildren(make("p", "No request matches.", "faint"));
      last = null;
      return;
    }
    row.classList.add("current");
    row.setAttribute("aria-selected", "true");
    list.setAttribute("aria-activedescendant", row.id);
    row.scrollIntoView({ block: "nearest" });
    show(row);
  }

  // A request matches if each word stands in its line or in its details.
  function matches(words) {
    if (!words.length) return () => true;
    const { strings, details: found } = data;
    const lower = strings.map((text) => text.toLowerCase());
    const hits = words.map(
      (word) => new Set(lower.flatMap((text, i) => (text.includes(word) ? [i] : []))),
    );
    const texts = data.lines.map(([method, url, result, , , ms], i) =>
      [i + 1, strings[method], strings[url], strings[result], duration(ms)].join(" ").toLowerCase());
    const inDetails = ([facts, , sent, received, dialogue, error], set) =>
      set.has(error) ||
      [facts, sent, received].some((part) => part.some((number) => set.has(number))) ||
      dialogue.some((number, i) => i % 3 === 2 && set.has(number));
    return (i) =>
      words.every((word, n) => texts[i].includes(word) || inDetails(found[i], hits[n]));
  }

  function filter() {
    const before = shown[current];
    leave();
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = matches(words);
    shown = data.lines.flatMap(([, , , failed], i) =>
      (failed || !failedOnly.checked) && fits(i) ? [i] : []);
    placed = 0;
    list.replaceChildren();
    placeRows(STEP);
    if (!working) placeMore();
    const all = total.toLocaleString("en");
    count.textContent = shown.length === total
      ? `${all} requests` : `${shown.length.toLocaleString("en")} of ${all} requests`;
    pinned = false;
    current = 0;
    choose(Math.max(0, shown.indexOf(before)));
  }

  function place() {
    rows.forEach((row, i) => row.lastElementChild.setAttribute("viewBox", box(data.lines[i][4])));
  }

  const page = () => Math.max(1, Math.floor(list.clientHeight / list.firstChild.offsetHeight) - 1);
  const moves = {
    ArrowDown: () => current + 1,
    ArrowUp: () => current - 1,
    PageDown: () => current + page(),
    PageUp: () => current - page(),
    Home: () => 0,
    End: () => shown.length - 1,
  };

  list.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key in moves) {
      pinned = false;
      choose(moves[event.key]());
    } else if (event.key === "Enter" || event.key === " ") {
      pinned = true;
      show(rows[shown[current]]);
      details.focus();
    } else if (event.key === "Escape") {
      pinned = false;
      show(rows[shown[current]]);
    } else {
      return;
    }
    event.preventDefault();
  });
  details.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      pinned = false;
      list.focus();
    }
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && search.value) {
      search.value = "";
      filter();
    } else if (event.key === "Escape" || event.key === "Enter" || event.key === "ArrowDown") {
      list.focus();
    } else {
      return;
    }
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && event.target !== search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  });
  const rowOf = (event) => event.target.closest("#list > li");
  // When the list scrolls below a mouse that rests, browsers send events too.
  let pointer = "";
  list.addEventListener("mousemove", (event) => {
    const moved = pointer !== (pointer = `${event.screenX} ${event.screenY}`);
    if (moved && !pinned && rowOf(event)) show(rowOf(event));
  });
  list.addEventListener("mouseleave", () => pinned || show(rows[shown[current]]));
  list.addEventListener("click", (event) => {
    if (!rowOf(event)) return;
    choose(shown.indexOf(rows.indexOf(rowOf(event))));
    pinned = true;
  });
  list.addEventListener("focus", () => choose(current));
  search.addEventListener("input", filter);
  failedOnly.addEventListener("change", filter);
  fromLeft.addEventListener("change", place);
  window.addEventListener("beforeprint", () => placeRows(shown.length));
  byId("controls").hidden = false;
  placeMore();
  if (total) {
    choose(0);
    list.focus();
  }
})();

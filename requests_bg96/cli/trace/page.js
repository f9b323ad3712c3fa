"use strict";
// Text from the file gets into the page by textContent only, never as HTML.
(() => {
  const byId = (id) => document.getElementById(id);
  const list = byId("list"), details = byId("details"), search = byId("search");
  const failedOnly = byId("failed"), fromLeft = byId("left"), count = byId("count");
  const rows = Array.from(list.children);
  let data = null;
  let shown = rows, current = 0, pinned = false, last = null;

  // The details are parsed when they are first needed.
  const loaded = () => (data ??= JSON.parse(byId("data").textContent));

  function make(tag, text, kind) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function swatch(phase) {
    const space = "http://www.w3.org/2000/svg";
    const made = document.createElementNS(space, "svg");
    const path = document.createElementNS(space, "path");
    made.setAttribute("class", "swatch");
    made.setAttribute("viewBox", "0 0 10 10");
    made.setAttribute("aria-hidden", "true");
    path.setAttribute("class", phase);
    path.setAttribute("d", "M0 0h10v10H0z");
    made.append(path);
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

  function table(title, lines, kind) {
    if (!lines.length) return [];
    const made = make("table", undefined, kind);
    for (const cells of lines) {
      const row = made.insertRow();
      row.append(...cells);
    }
    return [make("h3", title), made];
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
    const index = rows.indexOf(row);
    const [facts, phases, sent, received, dialogue, error] = loaded().rows[index];
    const cell = (kind) => row.querySelector(kind).textContent;
    const lines = [];
    for (let i = 0; i < phases.length; i += 2) {
      lines.push(phaseLine(phases[i], phases[i + 1]));
    }
    const told = table("AT dialogue, in seconds since the start", dialogueLines(dialogue), "dialogue");
    details.replaceChildren(
      make("h2", `${cell(".n")}. ${cell(".m")} ${cell(".u")}`),
      ...(error < 0 ? [] : [make("p", data.strings[error], "error")]),
      ...table("Result", pairs(facts).map(pair)),
      ...table("Phases", lines),
      ...(told.length ? told : [make("h3", "This file has no AT dialogue of the request.")]),
      ...table("Request headers", pairs(sent).map(pair)),
      ...table("Response headers", pairs(received).map(pair)),
    );
    details.scrollTop = 0;
  }

  function choose(index) {
    shown[current]?.classList.remove("current");
    shown[current]?.setAttribute("aria-selected", "false");
    current = Math.max(0, Math.min(shown.length - 1, index));
    const row = shown[current];
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
    const { strings, rows: found } = loaded();
    const lower = strings.map((text) => text.toLowerCase());
    const hits = words.map(
      (word) => new Set(lower.flatMap((text, i) => (text.includes(word) ? [i] : []))),
    );
    const texts = rows.map((row) => (row.line ??= row.textContent.toLowerCase()));
    const inDetails = ([facts, , sent, received, dialogue, error], set) =>
      set.has(error) ||
      [facts, sent, received].some((part) => part.some((number) => set.has(number))) ||
      dialogue.some((number, i) => i % 3 === 2 && set.has(number));
    return (row, i) =>
      words.every((word, n) => texts[i].includes(word) || inDetails(found[i], hits[n]));
  }

  function filter() {
    const before = shown[current];
    before?.classList.remove("current");
    before?.setAttribute("aria-selected", "false");
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = matches(words);
    shown = rows.filter((row, i) => {
      const found = (!failedOnly.checked || row.className.includes("bad")) && fits(row, i);
      row.hidden = !found;
      return found;
    });
    const all = rows.length.toLocaleString("en");
    count.textContent = shown.length === rows.length
      ? `${all} requests` : `${shown.length.toLocaleString("en")} of ${all} requests`;
    pinned = false;
    current = 0;
    choose(Math.max(0, shown.indexOf(before)));
  }

  function place() {
    const { length, longest } = list.dataset;
    for (const row of rows) {
      const bars = row.lastElementChild;
      bars.setAttribute("viewBox", fromLeft.checked
        ? `${bars.dataset.start} 0 ${longest} 10` : `0 0 ${length} 10`);
    }
  }

  const page = () => Math.max(1, Math.floor(list.clientHeight / rows[0].offsetHeight) - 1);
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
      show(shown[current]);
      details.focus();
    } else if (event.key === "Escape") {
      pinned = false;
      show(shown[current]);
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
  list.addEventListener("mouseleave", () => pinned || show(shown[current]));
  list.addEventListener("click", (event) => {
    if (!rowOf(event)) return;
    choose(shown.indexOf(rowOf(event)));
    pinned = true;
  });
  list.addEventListener("focus", () => choose(current));
  search.addEventListener("input", filter);
  failedOnly.addEventListener("change", filter);
  fromLeft.addEventListener("change", place);
  byId("controls").hidden = false;
  if (rows.length) {
    choose(0);
    list.focus();
  }
})();

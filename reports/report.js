"use strict";
// Filters, order and links of the report. State lives in the address after #: mission=…&step=…&finding=…&sort=table:column:way&at=section.
(() => {
  const KEYS = ["mission", "step", "finding"];
  const tools = document.getElementById("tools");
  const source = document.getElementById("source");
  const all = (query, root) => Array.from((root || document).querySelectorAll(query));

  const read = () => {
    const text = location.hash.slice(1);
    return text.includes("=") ? Object.fromEntries(new URLSearchParams(text)) : { at: text };
  };
  let state = read();

  const write = () => {
    const known = Object.entries(state).filter(([key, value]) => value && [...KEYS, "sort", "at"].includes(key));
    const only = known.length === 1 && known[0][0] === "at";
    const hash = only ? known[0][1] : new URLSearchParams(known).toString();
    history.replaceState(null, "", "#" + hash);
  };

  // -- filters
  const fits = (element) => KEYS.every((key) => {
    const own = element.dataset[key];
    return !state[key] || own === undefined || own === state[key];
  });

  const filter = () => {
    const narrowed = KEYS.some((key) => state[key]);
    all("main [data-mission], main tr[data-step]").forEach((element) => { element.hidden = !fits(element); });
    all("[data-group]").forEach((group) => {
      const rows = all("tbody tr[data-finding]", group);
      const shown = rows.some((row) => !row.hidden);
      group.hidden = !fits(group) || (narrowed && rows.length > 0 && !shown);
    });
    all("main table").forEach((table) => {
      const kept = all("tbody tr[data-mission], tbody tr[data-finding]", table);
      const none = table.parentElement.querySelector(":scope > .none");
      const empty = narrowed && kept.length > 0 && kept.every((row) => row.hidden);
      table.hidden = empty;
      if (none) none.hidden = !empty;
      else if (empty) table.after(Object.assign(document.createElement("p"), { className: "none", textContent: "Nothing here fits what is picked above." }));
    });
    if (state.mission) all("article[data-mission] > details:only-child").forEach((box) => { box.open = true; });
    all("th.place[data-step]").forEach((head) => {
      const table = head.closest("table");
      const lit = state.step === head.dataset.step;
      const column = head.cellIndex;
      all("tbody tr", table).forEach((row) => row.cells[column] && row.cells[column].colSpan === 1 && row.cells[column].classList.toggle("lit", lit));
      head.classList.toggle("lit", lit);
    });
    all("select", tools).forEach((select) => { select.value = state[select.dataset.key] || ""; });
    const count = all("#ranking .forest tbody tr").filter((row) => !row.closest("[hidden]")).length;
    document.getElementById("said").textContent = narrowed ? count + (count === 1 ? " figure" : " figures") + " shown" : "";
  };

  // -- order
  const value = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.v === undefined ? cell.textContent.trim() : cell.dataset.v;
    return text === "" ? null : cell.dataset.v === undefined ? text : Number(text);
  };

  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));

  const order = (table, column, way) => {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows).map((row, place) => ({ row, place, key: value(row, column) }));
    rows.sort((a, b) => {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.place - b.place;
      return (way === "down" ? compare(b.key, a.key) : compare(a.key, b.key)) || a.place - b.place;
    });
    body.append(...rows.map((entry) => entry.row));
    all("th[data-sort]", table).forEach((head) => {
      const own = head.cellIndex === column;
      own ? head.setAttribute("aria-sort", way === "down" ? "descending" : "ascending") : head.removeAttribute("aria-sort");
    });
  };

  const sortBy = (text) => {
    const [id, column, way] = String(text || "").split(":");
    const table = id && document.getElementById(id);
    const head = table && table.matches("[data-sortable]") && table.tHead.rows[0].cells[Number(column)];
    if (head && head.matches("[data-sort]")) order(table, Number(column), way === "down" ? "down" : "up");
  };

  all("[data-sortable] th[data-sort]").forEach((head) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "order";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const table = head.closest("table");
      const way = head.getAttribute("aria-sort") === "descending" ? "up" : head.getAttribute("aria-sort") === "ascending" ? "down"
        : head.classList.contains("n") ? "down" : "up";
      state.sort = [table.id, head.cellIndex, way].join(":");
      sortBy(state.sort);
      write();
    });
  });

  // -- where a figure comes from
  const copy = async (text, said) => {
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = "Copied";
    } catch {
      said.textContent = text;
    }
  };

  const tell = (element) => {
    source.replaceChildren();
    const said = document.createElement("output");
    const text = document.createElement("span");
    text.textContent = element.title || element.dataset.title;
    source.append(text);
    if (element.dataset.command) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy the command";
      button.addEventListener("click", () => copy(element.dataset.command, said));
      source.append(button, said);
    }
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "Close";
    close.addEventListener("click", () => { source.hidden = true; });
    source.append(close);
    source.hidden = false;
  };

  document.addEventListener("click", (event) => {
    const found = event.target.closest("[data-trace]");
    if (found && !event.target.closest("a, button, summary, select")) tell(found);
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") source.hidden = true; });

  // -- links
  const open = (id, behavior) => {
    const target = id && document.getElementById(id);
    if (!target) return;
    for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    target.scrollIntoView({ behavior });
  };

  const show = () => { filter(); sortBy(state.sort); open(state.at, "instant"); };

  all('a[href^="#"]').forEach((link) => link.addEventListener("click", (event) => {
    event.preventDefault();
    state.at = link.getAttribute("href").slice(1);
    write();
    open(state.at);
    const target = document.getElementById(state.at);
    if (target) { target.tabIndex = target.tabIndex < 0 ? -1 : target.tabIndex; target.focus({ preventScroll: true }); }
  }));
  window.addEventListener("hashchange", () => { state = read(); show(); });

  if (tools) {
    tools.hidden = false;
    tools.addEventListener("submit", (event) => event.preventDefault());
    all("select", tools).forEach((select) => select.addEventListener("change", () => {
      state[select.dataset.key] = select.value;
      write();
      filter();
    }));
    document.getElementById("reset").addEventListener("click", () => {
      KEYS.forEach((key) => { delete state[key]; });
      write();
      filter();
    });
    document.getElementById("share").addEventListener("click", () => copy(location.href, document.getElementById("said")));
  }
  show();

  // -- framed by Airflow, a report leads nowhere: the bar above it leads to the quality of the data
  if (window.parent !== window) all("a[target]").forEach((link) => link.replaceWith(...link.childNodes));

  // -- where the reader is
  const links = new Map(all("nav a").map((link) => [link.getAttribute("href").slice(1), link]));
  const watch = new IntersectionObserver((entries) => entries.forEach((entry) => {
    const link = links.get(entry.target.id);
    if (!link || !entry.isIntersecting) return;
    links.forEach((other) => other.removeAttribute("aria-current"));
    link.setAttribute("aria-current", "true");
  }), { rootMargin: "-10% 0px -80% 0px" });
  all("main > section").forEach((section) => watch.observe(section));
})();

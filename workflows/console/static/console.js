// What the pages do in the browser: the theme, tables, charts, dialogs and the editor. Loaded with `defer`.
"use strict";
(() => {
  const root = document.documentElement;

  // ---- theme: of the system, until the reader chooses --------------------------------------------------
  const themeButton = document.getElementById("theme");
  const isDark = () =>
    root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const nameTheme = () => {
    if (themeButton) themeButton.textContent = isDark() ? "Light theme" : "Dark theme";
  };
  if (themeButton) {
    themeButton.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      localStorage.setItem("glueline-theme", root.dataset.theme);
      nameTheme();
      document.querySelectorAll("canvas[data-chart]").forEach(draw);
    });
    nameTheme();
  }

  // ---- tables: a click on a header sorts, a field filters, long ones come in pages -----------------------
  const PAGE = 25;
  const valueOf = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value ?? cell.textContent.trim();
  };
  const order = (a, b) => {
    const [x, y] = [a, b].map((text) => Number(text.replaceAll(",", "")));
    return a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y) ? x - y : a.localeCompare(b);
  };

  function prepareTable(table) {
    if (table.dataset.ready) return;
    table.dataset.ready = "yes";
    const body = table.tBodies[0];
    const rows = [...body.rows];
    let page = 0;
    let filter = "";
    const tools = document.createElement("div");
    tools.className = "tools small";
    const status = document.createElement("span");
    status.className = "quiet";
    status.setAttribute("role", "status");
    const back = document.createElement("button");
    const next = document.createElement("button");
    [back.type, next.type, back.textContent, next.textContent] = ["button", "button", "Previous", "Next"];

    function show() {
      const found = rows.filter((row) => row.textContent.toLowerCase().includes(filter));
      const last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
      page = Math.min(page, last);
      body.replaceChildren(...found.slice(page * PAGE, (page + 1) * PAGE));
      back.disabled = page === 0;
      next.disabled = page === last;
      back.hidden = next.hidden = last === 0;
      const from = found.length ? page * PAGE + 1 : 0;
      status.textContent = `${from}–${Math.min(found.length, (page + 1) * PAGE)} of ${found.length} rows`;
    }

    [...table.tHead.rows[0].cells].forEach((head, column) => {
      if (head.dataset.sort === "no") return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const falls = head.getAttribute("aria-sort") === "ascending";
        table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", falls ? "descending" : "ascending");
        rows.sort((a, b) => (falls ? -1 : 1) * order(valueOf(a, column), valueOf(b, column)));
        show();
      });
    });
    if (rows.length > 8) {
      const field = document.createElement("input");
      field.type = "search";
      field.placeholder = "Filter";
      field.setAttribute("aria-label", `Filter ${table.caption?.textContent.trim() || "the table"}`);
      field.addEventListener("input", () => {
        [filter, page] = [field.value.toLowerCase(), 0];
        show();
      });
      back.addEventListener("click", () => { page -= 1; show(); });
      next.addEventListener("click", () => { page += 1; show(); });
      tools.append(field, back, next, status);
      (table.closest(".scroll") ?? table).before(tools);
      show();
    }
  }

  // ---- charts ----------------------------------------------------------------------------------------------
  const TONES = { main: "--accent", good: "--good", warn: "--warn", bad: "--bad", quiet: "--quiet" };
  const CYCLE = ["main", "warn", "good", "bad", "quiet"];

  function draw(canvas) {
    if (typeof Chart === "undefined") return;
    const wanted = JSON.parse(canvas.dataset.chart);
    Chart.getChart(canvas)?.destroy();
    const probe = document.createElement("span");
    canvas.parentElement.append(probe);
    const colour = (name) => {
      probe.style.color = `var(${name})`;
      return getComputedStyle(probe).color;
    };
    const [inkColour, lineColour] = [colour("--quiet"), colour("--line")];
    const datasets = wanted.series.map((series, index) => {
      const tone = colour(TONES[series.tone ?? CYCLE[index % CYCLE.length]]);
      return {
        label: series.name, data: series.values, backgroundColor: tone, borderColor: tone,
        borderWidth: wanted.type === "line" ? 2 : 0, pointRadius: wanted.type === "line" ? 2.5 : 0,
        borderRadius: 3, maxBarThickness: 34, tension: 0.25,
      };
    });
    probe.remove();
    const axis = (stacked, autoSkip = true) => ({
      stacked, grid: { color: lineColour }, border: { display: false },
      ticks: { color: inkColour, maxRotation: 0, autoSkip, autoSkipPadding: 14 },
    });
    new Chart(canvas, {
      type: wanted.type,
      data: { labels: wanted.labels, datasets },
      options: {
        animation: false, responsive: true, maintainAspectRatio: false, indexAxis: wanted.sideways ? "y" : "x",
        plugins: { legend: { display: datasets.length > 1, labels: { color: inkColour, boxWidth: 10 } } },
        scales: {
          x: { ...axis(!!wanted.stacked), beginAtZero: true },
          y: { ...axis(!!wanted.stacked, !wanted.sideways), beginAtZero: true },
        },
      },
    });
  }

  // ---- SQL ---------------------------------------------------------------------------------------------------
  function prepareEditor(field) {
    if (field.dataset.ready || typeof CodeMirror === "undefined") return;
    field.dataset.ready = "yes";
    const run = () => field.form.requestSubmit();
    const editor = CodeMirror.fromTextArea(field, {
      mode: "text/x-sql", lineWrapping: true, viewportMargin: Infinity, screenReaderLabel: "SQL statement",
      hintOptions: { tables: JSON.parse(field.dataset.tables), completeSingle: false },
      extraKeys: { "Ctrl-Space": "autocomplete", "Ctrl-Enter": run, "Cmd-Enter": run, Tab: false, "Shift-Tab": false },
    });
    editor.on("change", () => editor.save());
    editor.on("inputRead", (_, change) => {
      if (/[\w.]/.test(change.text[0])) editor.showHint({ completeSingle: false });
    });
    field.form.addEventListener("htmx:configRequest", () => editor.save());
  }

  // ---- dialogs: a button opens one; its answer closes it ---------------------------------------------------
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
    if (event.target.closest("[data-closes]")) event.target.closest("dialog")?.close();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.target.matches?.("dialog form")) event.target.closest("dialog").close();
  });
  // An answer with an error says in words what is wrong: it is shown like any other.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status >= 400 && event.detail.xhr.responseText) {
      [event.detail.shouldSwap, event.detail.isError] = [true, false];
    }
  });
  document.addEventListener("htmx:sendError", (event) => {
    event.detail.elt.textContent = "The console does not answer. It may have been stopped: run glueline console again.";
  });

  function prepare(part) {
    part.querySelectorAll("table[data-table]").forEach(prepareTable);
    part.querySelectorAll("canvas[data-chart]").forEach(draw);
    part.querySelectorAll("textarea[data-tables]").forEach(prepareEditor);
  }
  document.addEventListener("htmx:afterSettle", () => prepare(document));
  prepare(document);
})();

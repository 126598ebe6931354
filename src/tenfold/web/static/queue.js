// The queue's list: asks for the rows that are seen, and puts in the cells that changed.
window.tenfoldQueue = (() => {
  const CELLS = ["name", "state", "where", "priority", "orders"];
  const OVER = 14; // rows beyond what is seen, above and below
  const STEP = 4; // a row further asks for nothing yet
  const LOOK_MS = 50;
  const rows = new Map();
  let list = null;
  let asked = "";
  let due = 0;
  let heldAt = 0;
  let known = -1; // rows there are in all
  let width = 0;
  let height = 0; // of a row

  // Asked once, and when the window has another size: a question lays out all that changed.
  function measure() {
    height = parseFloat(getComputedStyle(list).getPropertyValue("--row"));
  }

  function look() {
    due = 0;
    if (!list?.isConnected) return;
    const above = -list.getBoundingClientRect().top / height;
    const first = Math.max(0, Math.floor((above - OVER) / STEP) * STEP);
    const count = Math.ceil(innerHeight / height) + 2 * OVER + STEP;
    if (asked === `${first} ${count}`) return;
    asked = `${first} ${count}`;
    emitEvent("queue-see", { first, count });
  }

  function lookSoon() {
    due ||= setTimeout(look, LOOK_MS);
  }

  function made(id) {
    const row = document.createElement("div");
    row.setAttribute("role", "row");
    row.className = "q-row";
    row.dataset.job = id;
    for (const name of CELLS) {
      const cell = document.createElement("div");
      cell.setAttribute("role", "cell");
      cell.className = `c-${name}`;
      row.append(cell);
    }
    rows.set(id, row);
    return row;
  }

  // A button that is drawn anew under the reader's finger stays the one that has the focus.
  function fill(cell, html) {
    const focused = cell.contains(document.activeElement) ? document.activeElement : null;
    cell.innerHTML = html;
    if (!focused) return;
    const order = focused.dataset.order;
    const same = order && cell.querySelector(`[data-order="${order}"]:not(:disabled)`);
    (same || cell.querySelector("button:not(:disabled), a, [tabindex]"))?.focus({ preventScroll: true });
  }

  function show({ total, first, ids, cells }) {
    if (!list) began();
    if (total !== known) {
      known = total;
      list.style.height = `calc(${total} * var(--row))`;
      list.parentElement.setAttribute("aria-rowcount", total + 1);
    }
    const kept = new Set(ids);
    for (const [id, row] of rows) {
      if (kept.has(id)) continue;
      row.remove();
      rows.delete(id);
    }
    let next = list.firstChild;
    ids.forEach((id, n) => {
      const row = rows.get(id) ?? made(id);
      for (const [name, html] of Object.entries(cells[id] ?? {})) {
        fill(row.children[CELLS.indexOf(name)], html);
      }
      const index = String(first + n + 2); // the heads are the first
      if (row.getAttribute("aria-rowindex") !== index) {
        row.style.top = `calc(${first + n} * var(--row))`;
        row.setAttribute("aria-rowindex", index);
      }
      if (row === next) next = row.nextSibling;
      else list.insertBefore(row, next);
    });
    lookSoon(); // the list may be shorter now, or seen for the first time
  }

  function hold() {
    if (performance.now() - heldAt < 1000) return;
    heldAt = performance.now();
    emitEvent("queue-hold");
  }

  function plan() {
    const whole = document.getElementById("plan");
    const drawing = document.getElementById("plan-drawing");
    if (!whole || !drawing) return;
    const shown = whole.open && !document.hidden && drawing.clientWidth > 0;
    if (shown) width = drawing.clientWidth;
    emitEvent("queue-plan", { shown, width });
    lookSoon();
  }

  function began() {
    if (list) return;
    list = document.getElementById("rows");
    if (!list) return;
    measure();
    addEventListener("scroll", lookSoon, { passive: true });
    addEventListener("resize", () => { measure(); lookSoon(); }, { passive: true });
    list.addEventListener("pointermove", hold, { passive: true });
    list.addEventListener("pointerdown", hold, { passive: true });
    list.addEventListener("click", (event) => {
      const pressed = event.target.closest("button[data-order]");
      if (pressed) emitEvent("queue-order", { job: pressed.dataset.job, order: pressed.dataset.order });
    });
    const whole = document.getElementById("plan");
    if (innerWidth < 860) whole.open = false; // on a phone the list comes first
    document.addEventListener("visibilitychange", plan);
    let waiting = 0;
    new ResizeObserver(() => {
      clearTimeout(waiting);
      waiting = setTimeout(plan, 150);
    }).observe(whole);
    look();
  }

  return { began, show, plan };
})();

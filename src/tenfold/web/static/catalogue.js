// What the catalogue's pages do by themselves: filter as one types; gather a form, mark what was
// changed in it and put it back. What a form means is the server's business.
window.catalogue = {
  wait_ms: 300,
  form: () => document.getElementById("run-form"),
  inputs() {
    return [...this.form().querySelectorAll("[name]")];
  },
  raw(input) {
    if (input.type === "checkbox") return input.checked;
    return input.validity?.badInput ? "?" : input.value;
  },
  base(input) {
    return input.type === "checkbox" ? input.dataset.base === "1" : input.dataset.base;
  },
  put(input, value) {
    if (input.type === "checkbox") input.checked = Boolean(value);
    else input.value = value;
  },
  // Name -> what stands there: text, yes or no, the list of what is ticked.
  state() {
    const found = {};
    for (const input of this.inputs()) {
      if (input.type === "radio") {
        if (input.checked) found[input.name] = input.value;
      } else if ("many" in input.dataset) {
        found[input.name] ??= [];
        if (input.checked) found[input.name].push(input.value);
      } else found[input.name] = this.raw(input);
    }
    return found;
  },
  mark(name) {
    const row = this.form().querySelector(`[data-row="${CSS.escape(name)}"]`);
    if (!row) return;
    const of = this.inputs().filter((input) => input.name === name && "base" in input.dataset);
    const changed = of.some((input) => this.raw(input) !== this.base(input));
    row.classList.toggle("changed", changed);
    row.querySelector("[data-reset]").hidden = !changed;
  },
  typed(event, emit) {
    const input = event.target;
    if (!input.name) return;
    if (input.name === "size") this.size(input.value);
    if (input.name === "w.where") document.getElementById("order").dataset.where = input.value;
    this.mark(input.name);
    this.keep();
    document.getElementById("estimate")?.classList.add("asking");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => emit(this.state()), this.wait_ms);
  },
  // Another size: what was not changed takes its values.
  size(size) {
    const table = JSON.parse(document.getElementById("sizes").dataset.sizes)[size] ?? {};
    for (const [name, raw] of Object.entries(table)) {
      for (const input of this.inputs().filter((one) => one.name === name)) {
        const touched = this.raw(input) !== this.base(input);
        const value = "many" in input.dataset ? raw.includes(input.value) : raw;
        input.dataset.base = input.type === "checkbox" ? (value ? "1" : "") : value;
        if (!touched) this.put(input, value);
      }
      this.mark(name);
    }
  },
  clicked(event) {
    const name = event.target.closest("[data-reset]")?.dataset.reset;
    if (!name) return;
    const of = this.inputs().filter((input) => input.name === name);
    for (const input of of) this.put(input, this.base(input));
    of[0].focus();
    of[0].dispatchEvent(new Event("input", { bubbles: true }));
  },
  run(event, emit) {
    event.preventDefault();
    clearTimeout(this.timer);
    emit(this.state());
  },
  // A newcomer's choice; once, since its key makes a second click harmless.
  offer(event, emit) {
    const button = event.target.closest("[data-run]");
    if (button) emit({ workload: button.dataset.run, size: button.dataset.size, key: button.dataset.key });
  },
  // From the server: HTML of what is wrong, by field.
  tell(wrong, may_run) {
    if (!this.form()) return;
    for (const place of this.form().querySelectorAll("[data-error]")) {
      const said = wrong[place.dataset.error] ?? "";
      if (place.dataset.said !== said) place.innerHTML = place.dataset.said = said;
      const input = document.getElementById(place.id.replace("error-", ""));
      if (said) {
        input?.setAttribute("aria-invalid", "true");
        place.closest("details")?.setAttribute("open", "");
      } else input?.removeAttribute("aria-invalid");
    }
    document.getElementById("run").disabled = !may_run;
    document.getElementById("estimate").classList.remove("asking");
  },
  // What is typed outlives a reload, such as the one after a restart of the daemon.
  key: () => "tenfold-form " + location.pathname + location.search,
  keep() {
    sessionStorage.setItem(this.key(), JSON.stringify(this.state()));
  },
  began() {
    if (!this.form() || !document.getElementById("run")) {
      setTimeout(() => this.began(), 50);
      return;
    }
    const how = performance.getEntriesByType("navigation")[0]?.type;
    const kept = JSON.parse(sessionStorage.getItem(this.key()) ?? "null");
    if (!kept || (how !== "reload" && how !== "back_forward")) return;
    if (kept.size) this.size(kept.size);
    for (const input of this.inputs()) {
      const raw = kept[input.name];
      if (raw === undefined || raw === "?") continue;
      if (input.type === "radio") input.checked = input.value === raw;
      else this.put(input, "many" in input.dataset ? raw.includes(input.value) : raw);
      if (input.name === "w.where") document.getElementById("order").dataset.where = input.value;
      this.mark(input.name);
    }
    this.inputs()[0].dispatchEvent(new Event("input", { bubbles: true }));
  },
  copy(button, from, done) {
    navigator.clipboard.writeText(document.getElementById(from).textContent).then(() => {
      const before = button.textContent;
      button.textContent = done;
      setTimeout(() => (button.textContent = before), 1500);
    });
  },
  // The cards that have a word of what was typed, and most of them; a heading without cards goes
  // too. Chinese has no spaces: there every two neighbours are a word.
  filter(text, fillers) {
    const idle = new Set(fillers.split(" "));
    const lower = text.toLowerCase();
    const pairs = (run) => [...run].slice(1).map((sign, i) => [...run][i] + sign);
    const han = (lower.match(/\p{Script=Han}+/gu) ?? []).flatMap((run) => (run.length > 1 ? pairs(run) : [run]));
    const latin = lower.match(/[a-z0-9.]+/g) ?? [];
    const words = [...latin, ...han].filter((word) => !idle.has(word));
    const cards = [...document.querySelectorAll("[data-words]")];
    const hits = cards.map((card) => words.filter((word) => card.dataset.words.includes(word)).length);
    const best = Math.max(...hits);
    let found = 0;
    cards.forEach((card, i) => {
      card.hidden = words.length > 0 && (hits[i] === 0 || hits[i] * 2 < best);
      found += !card.hidden;
    });
    for (const group of document.querySelectorAll("[data-group]")) {
      group.hidden = !group.querySelector("[data-words]:not([hidden])");
    }
    const told = document.getElementById("found");
    told.textContent = words.length ? told.dataset.text.replace("{n}", found) : "";
    document.getElementById("nothing").hidden = found > 0;
  },
};

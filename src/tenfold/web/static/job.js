// What the pages of a job, the gallery and comparisons do by themselves: a picture in full size, a
// table in another order, and words in place of a picture or film that cannot be shown.
(() => {
  const broken = (event) => {
    const words = event.target.dataset?.broken;
    if (!words) return;
    const said = document.createElement("p");
    said.className = "dim";
    said.textContent = words;
    (event.target.closest("a.picture") ?? event.target).replaceWith(said);
  };
  addEventListener("error", broken, true); // such errors do not bubble

  const pictures = () => [...document.querySelectorAll("a[data-lightbox]")];
  let box, at = 0;

  const show = (n) => {
    const all = pictures();
    if (!all.length) return;
    at = (n + all.length) % all.length;
    const inside = all[at].querySelector("img");
    const picture = box.querySelector("img");
    picture.src = all[at].href;
    picture.alt = inside?.alt ?? "";
    box.querySelector("a").href = all[at].href;
    box.querySelector("a").textContent = picture.alt;
  };

  const opened = (link) => {
    if (!box) {
      box = document.createElement("dialog");
      box.className = "lightbox";
      box.innerHTML = '<button type="button">✕</button><img alt=""><p><a target="_blank" rel="noopener"></a></p>';
      box.addEventListener("click", (event) => {
        if (event.target === box || event.target.tagName === "BUTTON" || event.target.tagName === "IMG") box.close();
      });
      box.addEventListener("keydown", (event) => {
        if (event.key === "ArrowRight") show(at + 1);
        if (event.key === "ArrowLeft") show(at - 1);
      });
      document.body.append(box);
    }
    box.querySelector("button").setAttribute("aria-label", link.dataset.lightbox);
    show(pictures().indexOf(link));
    box.showModal();
  };

  const sorted = (button) => {
    const head = button.closest("th");
    const table = head.closest("table");
    const column = head.cellIndex;
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const numbers = head.classList.contains("right");
    const of = (row) => row.cells[column].textContent;
    const number = (text) => (text.trim() === "" ? -Infinity : Number(text.replaceAll(",", "")));
    const rows = [...table.tBodies[0].rows].sort((a, b) =>
      (numbers ? number(of(a)) - number(of(b)) || 0 : of(a).localeCompare(of(b))) * (down ? -1 : 1));
    table.tBodies[0].append(...rows);
  };

  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-lightbox]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && window.HTMLDialogElement) {
      event.preventDefault();
      opened(link);
    }
    const button = event.target.closest?.("button.sorts");
    if (button) sorted(button);
  });
})();

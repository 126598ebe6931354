// The little that a page must do by itself: what the reader chose, and the words for a lost line.
window.tenfold = {
  keep(name, value) {
    document.cookie = `${name}=${value};path=/;max-age=31536000;samesite=strict`;
  },
  choose(name, value) {
    this.keep(name, value);
    location.reload();
  },
  theme(name) {
    const dark = !document.body.classList.contains("body--dark");
    this.keep(name, dark ? "1" : "0");
    Quasar.Dark.set(dark);
    dispatchEvent(new CustomEvent("tenfold-theme"));
  },
  // Called by each page that was built: `started` is the daemon's own start.
  began(started, back, lost, trying, close) {
    const before = sessionStorage.getItem("tenfold-started");
    sessionStorage.setItem("tenfold-started", started);
    const popup = document.querySelectorAll("#popup span");
    if (popup.length === 2) [popup[0].textContent, popup[1].textContent] = [lost, trying];
    document.getElementById("popup")?.setAttribute("role", "alert");
    if (before === null || before === String(started)) return;
    const show = () => {
      const place = document.getElementById("tenfold-back");
      if (!place) return setTimeout(show, 50);
      place.className = "back-notice";
      place.textContent = back + " ";
      const button = document.createElement("button");
      button.className = "quiet-button";
      button.textContent = close;
      button.onclick = () => place.remove();
      place.append(button);
    };
    show();
  },
};

// Keeps the end of a conversation in sight while it grows, unless the reader has scrolled up; and a
// link of an answer opens beside the page, so that the conversation stays.
window.tenfoldChat = {
  atEnd() {
    return innerHeight + scrollY > document.documentElement.scrollHeight - 160;
  },
  follow() {
    const end = () => scrollTo({ top: document.documentElement.scrollHeight });
    setTimeout(end, 30);
  },
};
addEventListener("DOMContentLoaded", () => {
  let near = true;
  addEventListener("scroll", () => { near = tenfoldChat.atEnd(); }, { passive: true });
  new MutationObserver(() => {
    if (near && document.querySelector(".writing, .being-written")) {
      scrollTo({ top: document.documentElement.scrollHeight });
    }
  }).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("click", (e) => {
    const link = e.target.closest?.(".answer-text a[href]");
    if (!link) return;
    e.preventDefault();
    if (/^https?:/.test(link.href)) open(link.href, "_blank", "noopener,noreferrer");
  });
});

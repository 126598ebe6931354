"""Hostile: makes a page that tries everything that a page could do against the daemon."""

from tenfold.catalogue.contract import WorkloadParams
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result

RESUMES = False
SIZES = {}
REQUIRES = ()

PAGE = """<!doctype html><meta charset="utf-8"><title>A picture</title><p id="said">began</p>
<img src="http://elsewhere.example/pixel.png" alt="">
<form id="form" method="post" enctype="text/plain" action="/api/jobs">
<input name='{"workload":"system.command","params":{"argv":["touch","' value='"]}}'></form>
<script>
const said = [];
const attempt = async (name, act) => {
  try { said.push(name + " " + (await act() ?? "done")); }
  catch (error) { said.push(name + " refused"); }
};
const job = JSON.stringify({workload: "system.command", params: {argv: ["true"]}, name: "stolen"});
const headers = {"Content-Type": "application/json"};
(async () => {
  await attempt("post", () => fetch("/api/jobs", {method: "POST", body: job, headers}));
  await attempt("plain", () => fetch("/api/jobs", {method: "POST", body: job, mode: "no-cors"}));
  await attempt("beacon", () => { if (!navigator.sendBeacon("/api/jobs", job)) throw 1; });
  await attempt("read", () => fetch("/api/jobs").then(answer => answer.text()));
  await attempt("cookie", () => document.cookie);
  await attempt("parent", () => { parent.document.title = "taken"; });
  await attempt("top", () => { if (top !== self) top.location = "/stolen"; else throw 1; });
  await attempt("open", () => { if (!window.open("/queue")) throw 1; });
  await attempt("frame", () => new Promise((done, no) => {
    const frame = document.createElement("iframe");
    frame.onload = () => frame.contentDocument ? done() : no();
    frame.onerror = no;
    frame.src = "/queue";
    document.body.append(frame);
    setTimeout(no, 300);
  }));
  await attempt("socket", () => new Promise((done, no) => {
    const socket = new WebSocket("ws://" + location.host + "/_nicegui_ws/socket.io/");
    socket.onopen = done;
    socket.onerror = no;
    setTimeout(no, 1000);
  }));
  await attempt("submit", () => { document.getElementById("form").submit(); });
  document.getElementById("said").textContent = said.join("; ") + "; end";
})();
</script>"""


class Params(WorkloadParams):
    pass


def needs(params, device):
    return Needs(memory_gib=0.05)


def run(job, params):
    (job.artifacts / "picture.html").write_text(PAGE)
    job.artifact("picture.html", "text", "A picture")
    return Result("It made a page.", {})

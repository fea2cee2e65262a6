// What all pages share: times that stay true, the keyboard, verdicts without a reload. Pages work without it.
"use strict";

const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";

function span(seconds) {
  for (const [size, one, many] of [[86400, "day", "days"], [3600, "h", "h"], [60, "min", "min"]]) {
    const count = Math.floor(seconds / size);
    if (count) return `${count} ${count === 1 ? one : many}`;
  }
  return `${Math.max(0, Math.floor(seconds))} s`;
}

function ago(milliseconds) {
  const seconds = (Date.now() - milliseconds) / 1000;
  if (seconds <= -1) return `in ${span(-seconds)}`;
  return seconds < 45 ? "just now" : `${span(seconds)} ago`;
}

function tell_times(root) {
  for (const time of root.querySelectorAll("time[data-ago]")) {
    const at = Date.parse(time.dateTime);
    time.textContent = ago(at);
    time.title = new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  }
}

// The alert that keys are about: the page's own, or the row that has the focus.
function alert_at_hand() {
  return document.getElementById("one") ?? document.activeElement?.closest(".alert");
}

async function judge(place, verdict) {
  const button = place.querySelector(`.verdicts [data-verdict="${verdict}"]`);
  if (!button) return;
  const taken_back = button.getAttribute("aria-pressed") === "true";
  const answer = await fetch(`/api/v1/alerts/${encodeURIComponent(place.dataset.id)}/verdict`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify({ verdict: taken_back ? null : verdict }),
  }).catch(() => null);
  if (!answer?.ok) {
    say(answer?.status === 401 ? "You are signed out. Load the page again." : "The verdict was not taken. Try again.");
    return;
  }
  for (const each of place.querySelectorAll(".verdicts [data-verdict]")) {
    const pressed = each === button && !taken_back;
    each.setAttribute("aria-pressed", String(pressed));
    each.value = pressed ? "" : each.dataset.verdict;
  }
  place.classList.toggle("judged", !taken_back);
  const by = place.querySelector(".by");
  if (by) by.textContent = taken_back ? "" : "by you, just now";
  say(taken_back ? "Verdict taken back" : `Verdict: ${button.textContent.trim()}`);
}

function say(words) {
  let news = document.getElementById("news");
  if (!news) {
    news = document.body.appendChild(document.createElement("p"));
    news.id = "news";
    news.className = "unseen";
    news.setAttribute("role", "status");
  }
  news.textContent = words;
}

function step(by) {
  const links = [...document.querySelectorAll(".alert .open")];
  if (!links.length) return;
  const here = links.indexOf(document.activeElement?.closest(".alert")?.querySelector(".open"));
  const next = links[here < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(here + by, 0), links.length - 1)];
  next.focus({ focusVisible: true, preventScroll: true });
  next.closest(".alert").scrollIntoView({ block: "nearest" });
}

const keys = {
  j: () => step(1),
  k: () => step(-1),
  u: () => alert_at_hand() && judge(alert_at_hand(), "useful"),
  f: () => alert_at_hand() && judge(alert_at_hand(), "false_alarm"),
  d: () => alert_at_hand() && judge(alert_at_hand(), "duplicate"),
  i: () => location.assign("/"),
  "/": () => { const q = document.getElementById("q"); q ? (q.focus(), q.select()) : location.assign("/#q"); },
  "?": () => document.getElementById("keys")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (document.querySelector("dialog[open]") || !Object.hasOwn(keys, event.key)) return;
  if (!document.getElementById("keys")) return;
  event.preventDefault();
  keys[event.key]();
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches(".verdicts") || !event.submitter) return;
  event.preventDefault();
  judge(event.target.closest("[data-id]"), event.submitter.dataset.verdict);
});

document.addEventListener("change", (event) => {
  if (event.target.matches(".filter select")) event.target.form.requestSubmit();
});

const help = document.getElementById("show-keys");
if (help) {
  help.hidden = false;
  help.addEventListener("click", keys["?"]);
}
tell_times(document);
setInterval(() => tell_times(document), 15000);
if (location.hash === "#q") document.getElementById("q")?.focus();

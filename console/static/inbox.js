// New alerts without a reload: asks every few seconds for rows that are new or changed, and puts them in their place.
"use strict";

const list = document.getElementById("alerts");
const MOST_ROWS = 500;
let since = list?.dataset.since;
let unseen = 0;
let timer = 0;
let asking = false;
let failures = 0;
const title = document.title;

function show_state(state, words) {
  const live = document.getElementById("live");
  if (!live) return;
  live.hidden = false;
  if (live.dataset.state === state) return;
  live.dataset.state = state;
  live.querySelector(".words").textContent = words;
}

function place(row) {
  const there = document.getElementById(row.id);
  if (there) {
    if (there.dataset.mark === row.dataset.mark) return false;
    const focused = there.contains(document.activeElement);
    there.replaceWith(row);
    if (focused) row.querySelector(".open").focus({ preventScroll: true });
    return false;
  }
  const at = Number(row.dataset.at);
  const next = [...list.children].find((each) => Number(each.dataset.at) <= at);
  row.classList.add("fresh");
  list.insertBefore(row, next ?? null);
  return true;
}

function take(html) {
  const found = new DOMParser().parseFromString(html, "text/html");
  const rows = found.getElementById("rows");
  if (!rows) throw new Error("not the rows");
  const strip = found.getElementById("strip");
  if (strip) document.getElementById("strip")?.replaceWith(document.adoptNode(strip));
  const come = [...rows.children].reverse().filter((row) => place(document.adoptNode(row))).length;
  since = rows.dataset.since;
  while (list.children.length > MOST_ROWS) list.lastElementChild.remove();
  tell_times(list);
  if (come) announce(come);
}

function announce(come) {
  document.getElementById("empty")?.remove();
  say(come === 1 ? "1 new alert" : `${come} new alerts`);
  if (document.hidden) unseen += come;
  document.title = unseen ? `(${unseen}) ${title}` : title;
}

async function ask() {
  clearTimeout(timer);
  if (asking) return;
  asking = true;
  try {
    const address = list.dataset.live + (list.dataset.live.endsWith("?") ? "" : "&") + "since=" + since;
    const answer = await fetch(address, { redirect: "manual", signal: AbortSignal.timeout(15000), cache: "no-store" });
    if (answer.type === "opaqueredirect") return show_state("lost", "signed out: load the page again");
    if (!answer.ok) throw new Error(String(answer.status));
    take(await answer.text());
    failures = 0;
    show_state("live", "live");
  } catch {
    failures += 1;
    if (failures > 1 || !navigator.onLine) show_state("lost", "connection lost, trying again");
  } finally {
    asking = false;
    timer = setTimeout(ask, Number(list.dataset.everyMs) * Math.min(2 ** failures, 8));
  }
}

if (list?.dataset.live) {
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    unseen = 0;
    document.title = title;
    ask();
  });
  addEventListener("online", ask);
  addEventListener("pageshow", (event) => event.persisted && ask());
  ask();
}

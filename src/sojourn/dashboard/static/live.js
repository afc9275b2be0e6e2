// Live pages: when something happens, the page is read again and what differs is put in place.
// Without this script every page works the same, one look at a time.
"use strict";

const QUIET = 400; // milliseconds without news before the page is read again
const LONGEST = 2500; // but no later than this after the first news
const ANYHOW = 20000; // without any news, for time alone makes a client late and raises an alert

const lamp = document.getElementById("live");
let first = 0;
let timer = 0;
let reading = false;
let again = false;
let lost = false; // the stream, since when anything may have happened; also before a new one

function say(state, word) {
  if (!lamp || lamp.dataset.state === state) return;
  lamp.dataset.state = state;
  lamp.querySelector(".word").textContent = word;
}

function busy(part) {
  const active = document.activeElement;
  const typing = active && part.contains(active) && active.matches("input, select, textarea");
  return typing || part.querySelector("details[open]") !== null;
}

function place(fresh) {
  const parts = [...document.querySelectorAll("[data-live]")];
  // Another page stands here now: the first journey came, or a session has ended.
  if (!parts.some((part) => fresh.getElementById(part.id))) { location.reload(); return; }
  for (const part of parts) {
    const next = fresh.getElementById(part.id);
    if (!next || busy(part) || part.innerHTML === next.innerHTML) continue;
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    const href = focused && focused.getAttribute("href");
    const across = [...part.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
    part.replaceChildren(...next.childNodes);
    part.querySelectorAll(".scroll").forEach((box, i) => { box.scrollLeft = across[i] || 0; });
    if (href) part.querySelector(`[href="${CSS.escape(href)}"]`)?.focus({ preventScroll: true });
  }
  const asOf = document.getElementById("as-of");
  const now = fresh.getElementById("as-of");
  if (asOf && now) asOf.replaceWith(now);
  const count = document.querySelector(".side nav");
  const counted = fresh.querySelector(".side nav");
  if (count && counted && !count.contains(document.activeElement)) count.replaceWith(counted);
}

async function read() {
  if (reading) { again = true; return; }
  reading = true;
  first = 0;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected && new URL(answer.url).pathname === "/login") { location.reload(); return; }
    if (answer.ok) place(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch { /* the stream says when the server is back */ }
  reading = false;
  if (again) { again = false; soon(); return; }
  clearTimeout(timer);
  timer = setTimeout(anyhow, ANYHOW);
}

function anyhow() {
  if (document.hidden) again = true; else read();
}

function soon() {
  const now = Date.now();
  first = first || now;
  clearTimeout(timer);
  timer = setTimeout(read, Math.max(0, Math.min(QUIET, first + LONGEST - now)));
}

function follow(address) {
  const stream = new EventSource(address);
  stream.onopen = () => { say("on", "Live"); if (lost) soon(); lost = false; };
  stream.onmessage = () => { if (!document.hidden) soon(); else again = true; };
  stream.onerror = () => {
    const closed = stream.readyState === EventSource.CLOSED;
    lost = true;
    say(closed ? "off" : "lost", closed ? "Not live" : "Reconnecting");
    if (closed) setTimeout(() => follow(address), 15000);
  };
  addEventListener("pagehide", () => stream.close(), { once: true });
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && again) { again = false; soon(); }
});

let leader = 0;
const PLACES = { h: "/", j: "/journeys", i: "/inbox", a: "/alerts", p: "/paths" };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
  if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); }
  } else if (event.key === "g") {
    leader = Date.now();
  } else if (Date.now() - leader < 1000 && PLACES[event.key]) {
    location.href = PLACES[event.key];
  }
});

if (document.body.dataset.stream && document.querySelector("[data-live]")) {
  follow(document.body.dataset.stream);
  timer = setTimeout(anyhow, ANYHOW);
}

"use strict";
// The practice workspace in the browser: sends what a person does to the control API, and swaps in
// the fragments that the server says have changed. Everything shown is rendered by the server.

const page = document.body.dataset; // as, channel, thread, tab, opened, pane
const find = (selector, root = document) => root.querySelector(selector);
const narrow = matchMedia("(max-width: 1099px)");

// ---- asking the server -------------------------------------------------------------------------

let underWay = 0; // shown as body[data-busy]: what a person did has not been answered yet

async function control(route, body) {
  page.busy = ++underWay;
  try {
    const answer = await fetch(`/control/${route}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const result = await answer.json();
    if (!result.ok && !result.errors) toast(result.error || "The workspace refused this.");
    else if (result.acked === false) toast("Signoff did not answer. It may be restarting: try again.");
    return result;
  } catch {
    toast("The practice workspace does not answer. Is `make demo` still running?");
    return { ok: false };
  } finally {
    if (--underWay) page.busy = underWay;
    else delete page.busy;
  }
}

let toastTimer = 0;
function toast(text) {
  find("#toast").textContent = text;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { find("#toast").textContent = away; }, 7000);
}

// What stays on the screen while the workspace cannot be reached.
let away = "";
function reached(yes) {
  if (yes && away && find("#toast").textContent === away) toast("The practice workspace is back.");
  away = yes ? "" : "The practice workspace does not answer. What you see may be old. Trying again…";
  if (!yes) toast(away);
}

// ---- fragments ---------------------------------------------------------------------------------

const wanted = new Set();
let fetching = false;

function refresh(...names) {
  names.forEach((name) => wanted.add(name));
  if (!fetching) setTimeout(fetchWanted, 30);
}

async function fetchWanted() {
  if (fetching) return;
  fetching = true;
  try {
    while (wanted.size) {
      const names = [...wanted].filter((name) => document.getElementById(name));
      wanted.clear();
      await Promise.all(names.map(swap));
    }
  } finally {
    fetching = false;
  }
}

async function swap(name) {
  const asked = view();
  const answer = await fetch(`/fragments/${name}?${asked}`).catch(() => null);
  if (!answer || !answer.ok || asked.toString() !== view().toString()) return;
  const next = document.createElement("div");
  next.innerHTML = await answer.text(); // rendered and escaped by our own server
  const target = document.getElementById(name);
  if (!target) return;
  const keep = remember(target);
  morphChildren(target, next);
  keep();
  if (name === "dialog") mark(refused.form, refused.errors);
  if (name === "dialog") showModal();
}

function view() {
  const { as, channel, thread, tab } = page;
  return new URLSearchParams({ as, channel, thread_ts: thread, tab });
}

// Keeps what a person would miss: the place in a long channel, and the focus of a button that goes.
function remember(target) {
  const list = find("#messages");
  const atEnd = list && list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const active = document.activeElement;
  const post = target.contains(active) ? active.closest("li[id]") : null;
  const counts = [...target.querySelectorAll("dd")].map((count) => count.textContent);
  return () => {
    if (atEnd) list.scrollTop = list.scrollHeight;
    if (post && !document.contains(active)) find(".post", document.getElementById(post.id))?.focus({ preventScroll: true });
    target.querySelectorAll("dd").forEach((count, n) => {
      if (counts[n] === count.textContent) return;
      count.classList.remove("changed");
      requestAnimationFrame(() => count.classList.add("changed"));
    });
  };
}

// Makes `old` like `next` while keeping every element that stays, and so its focus and its text.
function morph(old, next) {
  if (old.nodeType !== 1) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  if (old.isEqualNode(next)) return;
  const kept = ["DIALOG", "DETAILS"].includes(old.nodeName) ? ["open"] : ["data-unread", "aria-busy"];
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name) && !kept.includes(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  if (old.nodeName === "TEXTAREA") return;
  if (old.nodeName === "TEMPLATE") old.innerHTML = next.innerHTML;
  else morphChildren(old, next);
}

function morphChildren(old, next) {
  let at = old.firstChild;
  for (const child of [...next.childNodes]) {
    const match = same(old, at, child);
    if (!match) {
      old.insertBefore(child, at);
      continue;
    }
    if (match === at) at = at.nextSibling;
    else old.insertBefore(match, at);
    morph(match, child);
  }
  while (at) {
    const after = at.nextSibling;
    at.remove();
    at = after;
  }
}

// A button never becomes another one: what a finger went down on must not be Undo when it comes up.
function same(parent, at, child) {
  if (child.id) return [...parent.children].find((one) => one.id === child.id && one.nodeName === child.nodeName);
  return at && !at.id && at.nodeName === child.nodeName && purpose(at) === purpose(child) ? at : null;
}

function purpose({ dataset }) {
  return dataset?.action && `${dataset.action} ${dataset.value}`;
}

// ---- what the server says has changed ----------------------------------------------------------

let events = null;

function listen() {
  events?.close();
  events = new EventSource(`/events?${view()}`);
  events.addEventListener("change", ({ data }) => {
    const { fragments, channel } = JSON.parse(data);
    if (channel && channel !== page.channel) {
      find(`#sidebar a[data-channel="${CSS.escape(channel)}"]`)?.setAttribute("data-unread", "");
    }
    refresh(...fragments);
  });
  events.onerror = ({ target }) => {
    reached(false);
    // A browser tries again by itself only where nothing answered at all.
    if (target === events && target.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
  // Also after a lost connection, and for what happened before the stream was open.
  events.onopen = () => {
    reached(true);
    refresh("messages", "home", "guide", "outside", "story", "dialog");
  };
}

function openThread(ts) {
  page.thread = ts;
  const { as, channel, thread } = page;
  history.replaceState(null, "", `/?${new URLSearchParams(thread ? { as, channel, thread } : { as, channel })}`);
  refresh("messages", "guide", "story");
  listen();
}

// ---- writing -----------------------------------------------------------------------------------

async function send(form) {
  const box = find("textarea", form);
  const text = box.value.trim();
  if (!text) return;
  const done = text.startsWith("/") ? await command(form, text) : await post(form, text);
  if (!done) return;
  box.value = "";
  grow(box);
}

async function post(form, text) {
  const { channel, thread } = form.dataset;
  const { ok, ts } = await control("messages", { user: page.as, channel, text, ...(thread && { thread_ts: thread }) });
  if (ok && !thread) {
    stickToEnd();
    if (/@signoff/i.test(text)) openThread(ts);
  }
  refresh("messages", "guide");
  return ok;
}

async function command(form, text) {
  const [name, ...words] = text.split(/\s+/);
  if (form.dataset.thread) return toast("Slack takes no commands in a thread. Type it in the box at the bottom.");
  if (name !== "/signoff") return toast(`There is no command ${name} here. Try /signoff help.`);
  const { ok } = await control("commands", { user: page.as, channel: form.dataset.channel, command: name, text: words.join(" ") });
  stickToEnd();
  refresh("messages");
  return ok;
}

async function sample(button) {
  button.disabled = true;
  const { channel, text } = button.dataset;
  const { ok, ts } = await control("messages", { user: page.as, channel, text });
  button.disabled = false;
  if (!ok) return;
  if (channel !== page.channel || page.tab) {
    location.href = `/?${new URLSearchParams({ as: page.as, channel, thread: ts })}`;
    return;
  }
  stickToEnd();
  openThread(ts);
}

function stickToEnd() {
  const list = find("#messages");
  if (list) list.scrollTop = list.scrollHeight;
}

function grow(box) {
  if (CSS.supports("field-sizing", "content")) return;
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 168)}px`;
}

// ---- buttons, selects and dialogs of the app ---------------------------------------------------

async function act(element, actionId, value) {
  if (!(await confirmed(element))) return;
  element.setAttribute("aria-busy", "true");
  const message = element.closest("[data-ts]");
  const modal = element.closest("[data-view]");
  const where = message ? { channel: message.dataset.channel, ts: message.dataset.ts } : { view_id: modal.dataset.view };
  const block = element.closest("[data-block]")?.dataset.block;
  await control("actions", { user: page.as, ...where, action_id: actionId, ...(block && { block_id: block }), ...(value !== undefined && { value }) });
  element.removeAttribute("aria-busy");
  refresh("messages", "guide", "home", "dialog", "story");
}

function confirmed(element) {
  const holder = element.closest(".select") || element;
  const template = holder.nextElementSibling;
  if (!template?.matches("template.confirm")) return Promise.resolve(true);
  const dialog = find("#confirm");
  dialog.replaceChildren(template.content.cloneNode(true));
  dialog.showModal();
  return new Promise((resolve) => {
    find("[data-yes]", dialog).onclick = () => dialog.close("yes");
    find("[data-no]", dialog).onclick = () => dialog.close("no");
    dialog.onclose = () => { resolve(dialog.returnValue === "yes"); dialog.returnValue = ""; };
  });
}

function showModal() {
  const modal = find("#dialog dialog");
  if (!modal || modal.open) return;
  modal.showModal();
  find("[data-field]", modal)?.focus();
}

async function submit(form) {
  const modal = form.closest("[data-view]");
  const button = find("[type=submit]", form);
  button.disabled = true;
  const result = await control("views", { user: page.as, view_id: modal.dataset.view, values: valuesOf(form) });
  button.disabled = false;
  refused = { form, errors: result.errors || {} };
  mark(form, refused.errors);
  if (result.errors) find("[aria-invalid]", form)?.focus();
  else if (result.ok) refresh("dialog", "messages", "guide", "home", "story");
}

function valuesOf(form) {
  const values = {};
  for (const field of form.querySelectorAll("[data-field]")) {
    const { block, field: action } = field.dataset;
    const of = (values[block] ??= {});
    if (field.type === "checkbox") {
      of[action] ??= [];
      if (field.checked) of[action].push(field.value);
    } else if (field.type === "radio") {
      of[action] ??= null;
      if (field.checked) of[action] = field.value;
    } else {
      of[action] = field.value === "" ? null : field.value;
    }
  }
  return values;
}

function valueOf(field) {
  if (field.type !== "checkbox") return field.value;
  return [...document.getElementsByName(field.name)].filter((box) => box.checked).map((box) => box.value);
}

// What was said under the inputs of the form sent last: the server does not keep it.
let refused = { form: null, errors: {} };

function mark(form, errors) {
  for (const input of form?.querySelectorAll("[data-input]") || []) {
    const text = errors[input.dataset.input] || "";
    input.classList.toggle("wrong", Boolean(text));
    find(".error", input).textContent = text;
    input.querySelectorAll("[data-field]").forEach((field) => (text ? field.setAttribute("aria-invalid", "true") : field.removeAttribute("aria-invalid")));
  }
}

async function closeView(modal) {
  await control("views", { user: page.as, view_id: modal.dataset.view, close: true });
  modal.close();
  refresh("dialog");
}

// ---- what a person does ------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const on = (selector) => event.target.closest(selector);
  const button = on("[data-action]");
  if (button) return void (button.getAttribute("aria-busy") || act(button, button.dataset.action, button.dataset.value));
  if (on("[data-sample]")) return void sample(on("[data-sample]"));
  const stop = on("[data-stop]");
  if (stop) return void control("stop", { user: page.as, channel: stop.dataset.channel, thread_ts: stop.dataset.stop }).then(() => refresh("messages"));
  const shortcut = on("[data-shortcut]");
  if (shortcut) {
    const { channel, ts } = shortcut.closest("[data-ts]").dataset;
    return void control("shortcuts", { user: page.as, channel, ts, callback_id: shortcut.dataset.shortcut }).then(() => refresh("messages"));
  }
  if (on("[data-plug]")) return void control("plug", { arm: true }).then(() => refresh("outside", "guide"));
  const lose = on("[data-lose]");
  if (lose) return void control("lose", { order: lose.dataset.lose });
  if (on("[data-close-view]")) return void closeView(on("[data-view]"));
  const thread = on("[data-open-thread], [data-close-thread]");
  if (thread && !event.metaKey && !event.ctrlKey) {
    event.preventDefault();
    return void openThread(thread.dataset.openThread || "");
  }
  const pane = on("[data-pane-to]");
  if (pane) {
    page.pane = pane.dataset.paneTo;
    document.querySelectorAll("[data-pane-to]").forEach((one) => one.setAttribute("aria-pressed", String(one === pane)));
    if (page.pane === "chat") stickToEnd();
  }
});

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("form[data-post]");
  if (!form || event.target.nodeName !== "TEXTAREA") return;
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send(form);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-post]")) { event.preventDefault(); send(form); }
  if (form.matches("[data-view-form]")) { event.preventDefault(); submit(form); }
});

document.addEventListener("change", (event) => {
  const { target } = event;
  if (target.id === "as") {
    const { channel, thread, tab } = page;
    location.href = `/?${new URLSearchParams({ as: target.value, channel, thread, tab })}`;
  }
  if (target.dataset.select && target.value) act(target, target.dataset.select, target.value);
  if (target.dataset.field && !target.closest("[data-input]")) act(target, target.dataset.field, valueOf(target));
});

document.addEventListener("input", ({ target }) => { if (target.nodeName === "TEXTAREA") grow(target); });

// Escape on a modal is a close like any other: the app hears of it.
document.addEventListener("cancel", (event) => {
  if (event.target.matches?.(".modal")) { event.preventDefault(); closeView(event.target); }
}, true);

// ---- start -------------------------------------------------------------------------------------

// Slack tells an app when somebody opens it.
if (page.opened) control("home", { user: page.as, tab: page.opened });

listen();
showModal();
stickToEnd();
if (page.thread) find(`[data-close-thread]`)?.closest("li")?.lastElementChild?.scrollIntoView({ block: "nearest" });

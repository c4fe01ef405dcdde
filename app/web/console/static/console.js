// Keys for every action, and the countdown of a claim. Forms work without this file.
"use strict";

let prefix = "";

function typing(target) {
  return target.matches("input:not([type=checkbox]), textarea, select");
}

function perform(element) {
  const needed = element.dataset.needs && document.getElementById(element.dataset.needs);
  if (needed && needed.value.trim() === "") {
    needed.focus();
    return;
  }
  if (element.matches("summary")) {
    element.parentElement.open = true;
    element.focus();
    return;
  }
  if (typing(element)) {
    element.focus();
    if (element.select) element.select();
  } else {
    element.click();
  }
}

function move(step) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (rows.length === 0) return;
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(rows.length - 1, Math.max(0, at + step))].focus();
}

// A double click is one click, and a key held down is one press. What the second would decide is the same hold
// once more, or the next one, which nobody has read.
document.addEventListener("click", (event) => {
  if (event.detail > 1 && event.target.closest("button")) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);

document.addEventListener("keydown", (event) => {
  const target = event.target;
  if (event.key === "Enter" && event.ctrlKey && target.dataset.submit && !event.repeat) {
    document.getElementById(`do-${target.dataset.submit}`).click();
    return;
  }
  if (event.key === "Escape" && typing(target)) {
    target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(target)) return;
  if (event.key === "?") {
    document.getElementById("keys")?.showModal();
    return;
  }
  if (event.key === "j" || event.key === "k") {
    move(event.key === "j" ? 1 : -1);
    return;
  }
  if (event.repeat) return;
  const wanted = prefix + event.key;
  prefix = "";
  const element = document.querySelector(`[data-key="${CSS.escape(wanted)}"]:not(:disabled)`)
    ?? [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === wanted && !one.disabled);
  if (element) {
    event.preventDefault();
    perform(element);
  } else if (event.key === "g") {
    prefix = "g ";
  }
});

setInterval(() => {
  for (const element of document.querySelectorAll("[data-until]")) {
    const seconds = Math.max(0, Math.floor((Date.parse(element.dataset.until) - Date.now()) / 1000));
    element.textContent = `${Math.floor(seconds / 60)} 分 ${seconds % 60} 秒`;
  }
}, 1000);

// What was typed and not sent stays in this tab: an expired session, or a closed window of a dialog, loses
// nothing. It is offered again on the hold's page and forgotten once the hold is decided.
const form = document.querySelector("form[data-hold]");
if (form) {
  const name = `hold-${form.dataset.hold}`;
  const editor = form.querySelector("textarea");
  const kept = sessionStorage.getItem(name);
  if (kept !== null && kept !== editor.value && !document.getElementById("problem")) {
    editor.value = kept;
    document.getElementById("kept").hidden = false;
  }
  editor.addEventListener("input", () => sessionStorage.setItem(name, editor.value));
} else {
  for (const name of Object.keys(sessionStorage)) {
    if (name.startsWith("hold-") && location.pathname === `/console/holds/${name.slice(5)}`) {
      sessionStorage.removeItem(name);
    }
  }
}

document.getElementById("problem")?.focus();

/**
 * Uploads with progress: `[data-upload="URL"]`, drawn by components/upload.html.
 * Checks number, size and type before sending; the server checks again. One POST per file
 * (multipart field `file`), answered 201 `{"id", "name", "remove_url"}` or an error `{"message"}`.
 * Without script the plain file input is submitted with the form.
 */

import { behaviour } from "./behaviours.js";
import { problemWith } from "./file-rules.js";
import { csrfToken, sendJson } from "./http.js";
import { text } from "./text.js";
import { toast } from "./toast.js";

/** Start one upload area. */
export function startUpload(area) {
  const { upload: url, name, maxBytes, maxFiles, accept } = area.dataset;
  const input = area.querySelector("input[type=file]");
  const box = area.querySelector(".upload");
  const list = area.querySelector(".upload__list");
  const limits = { maxBytes: Number(maxBytes), maxFiles: Number(maxFiles), accept };
  const countKept = () => list.querySelectorAll('[data-state="done"], [data-state="sending"]').length;
  const take = (files) => {
    for (const file of files) {
      const row = addRow(list, file);
      const problem = problemWith(file, { ...limits, count: countKept() });
      if (problem) fail(row, problem);
      else send(row, file, url, name);
    }
  };
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = "";
  });
  box.addEventListener("dragover", (event) => {
    event.preventDefault();
    box.dataset.over = "";
  });
  box.addEventListener("dragleave", () => delete box.dataset.over);
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    delete box.dataset.over;
    take([...event.dataTransfer.files]);
  });
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[data-upload-remove]")?.closest(".upload__item");
    if (row) remove(row, input);
  });
}

function addRow(list, file) {
  const row = document.createElement("li");
  row.className = "upload__item";
  const title = document.createElement("span");
  title.className = "upload__name";
  title.textContent = file.name;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button--small button--quiet";
  button.dataset.uploadRemove = "";
  button.textContent = text("upload_remove");
  button.setAttribute("aria-label", `${text("upload_remove")} ${file.name}`);
  const note = document.createElement("span");
  note.className = "upload__note";
  note.textContent = text("upload_waiting");
  row.append(document.createElement("span"), title, button, note);
  list.append(row);
  return row;
}

function say(row, state, words) {
  row.dataset.state = state;
  row.querySelector(".upload__note").textContent = words;
}

function fail(row, words) {
  row.querySelector("progress")?.remove();
  say(row, "failed", words);
}

function send(row, file, url, name) {
  const bar = document.createElement("progress");
  bar.max = 100;
  bar.setAttribute("aria-label", file.name);
  row.append(bar);
  say(row, "sending", "0%");
  const request = new XMLHttpRequest();
  request.responseType = "json";
  request.open("POST", url);
  request.setRequestHeader("X-CSRFToken", csrfToken());
  request.setRequestHeader("Accept", "application/json");
  request.upload.addEventListener("progress", (event) => {
    bar.value = event.lengthComputable ? Math.round((100 * event.loaded) / event.total) : 0;
    row.querySelector(".upload__note").textContent = `${bar.value}%`;
  });
  request.addEventListener("load", () => {
    if (request.status === 201) keep(row, request.response, name);
    else fail(row, request.response?.message ?? text("upload_failed"));
  });
  request.addEventListener("error", () => fail(row, text("upload_failed")));
  const body = new FormData();
  body.append("file", file);
  request.send(body);
  row.addEventListener("upload:remove", () => request.abort());
}

function keep(row, { id, name: shownName, remove_url: removeUrl }, name) {
  row.querySelector("progress")?.remove();
  row.dataset.removeUrl = removeUrl ?? "";
  if (shownName) row.querySelector(".upload__name").textContent = shownName;
  const hidden = Object.assign(document.createElement("input"), { type: "hidden", name, value: id });
  row.append(hidden);
  say(row, "done", text("upload_done"));
}

function remove(row, input) {
  const before = row.dataset.state;
  row.dispatchEvent(new CustomEvent("upload:remove"));
  const next = row.nextElementSibling?.querySelector("button") ?? input;
  if (before !== "done") {
    row.remove();
    next.focus();
    return;
  }
  const hidden = row.querySelector("input[type=hidden]");
  hidden.disabled = true;
  row.hidden = true;
  row.dataset.state = "removed";
  next.focus();
  toast(text("upload_removed"), {
    undo: () => {
      hidden.disabled = false;
      row.hidden = false;
      row.dataset.state = "done";
    },
    onClose: () => {
      if (row.dataset.removeUrl) sendJson(row.dataset.removeUrl, undefined, { method: "DELETE" });
      row.remove();
    },
  });
}

behaviour("[data-upload]", startUpload);

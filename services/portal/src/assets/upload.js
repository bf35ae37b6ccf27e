// Photos file by file, each with its progress. Without this the form sends them all at once.

const AT_ONCE = 2;
const TRIES = 5;
const LARGEST = 40 * 1024 * 1024;
const TYPES = /\.(jpe?g|png|hei[cf])$/i;

const form = document.querySelector("form[data-upload]");
if (form) start(form);

function start(form) {
  const { upload: address } = form.dataset;
  const box = document.querySelector("[data-uploads]");
  const said = box.querySelector("[data-said]");
  const list = box.querySelector("ul");
  const button = form.querySelector("button");
  const files = [];
  let sending = 0;
  let watching = false;

  // the browser's own form would send them a second time
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    const about = new FormData(form);
    for (const file of about.getAll("photo")) if (file.name) add(file, about);
    form.elements.photo.value = "";
    box.hidden = false;
    work();
  }, { capture: true });

  addEventListener("beforeunload", (event) => {
    if (files.some((file) => file.isOpen)) event.preventDefault();
  });

  function add(source, about) {
    const row = document.createElement("li");
    const name = document.createElement("b");
    const words = document.createElement("span");
    const bar = document.createElement("progress");
    name.textContent = source.name;
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", source.name);
    row.append(name, words, bar);
    list.append(row);
    const query = new URLSearchParams({ name: source.name, request_id: newId() });
    for (const field of ["phase", "audience", "caption"]) query.set(field, about.get(field) ?? "");
    const file = { source, row, words, bar, query, token: about.get("csrf"), tries: 0 };
    files.push(file);
    if (!TYPES.test(source.name)) refuse(file, "It is not a photo. Choose JPEG, PNG or HEIC files");
    else if (source.size > LARGEST) refuse(file, "Choose a photo of 40 MB at most");
    else if (source.size === 0) refuse(file, "It is empty");
    else wait(file);
  }

  function wait(file) {
    show(file, "waiting", "Waiting");
  }

  function show(file, state, words) {
    file.state = state;
    file.isOpen = ["waiting", "uploading"].includes(state);
    file.words.textContent = words;
    file.bar.hidden = !file.isOpen;
    file.row.className = state === "refused" || state === "failed" ? "badc" : "";
    tell();
  }

  function refuse(file, reason) {
    show(file, "refused", `${reason}.`);
  }

  // Only what is new is read out: how many are left, and what came of them.
  function tell() {
    const number = (...states) => files.filter((file) => states.includes(file.state)).length;
    const [open, preparing] = [number("waiting", "uploading"), number("processing")];
    const [ready, refused] = [number("ready"), number("refused", "failed")];
    const parts = [];
    if (open) parts.push(`${open} of ${files.length} to upload`);
    if (preparing) parts.push(`${preparing} being prepared`);
    if (ready) parts.push(`${ready} ready`);
    if (refused) parts.push(`${refused} not added`);
    const words = `${parts.join(", ")}.`;
    if (said.textContent !== words) said.textContent = words;
    button.textContent = open ? "Add more photos" : "Add photos";
  }

  function work() {
    while (sending < AT_ONCE) {
      // those behind one whose connection dropped wait with it, for theirs would drop as well
      const next = files.find((file) => file.state === "waiting");
      if (!next || next.isPausing) return;
      sending += 1;
      send(next).finally(() => {
        sending -= 1;
        work();
      });
    }
  }

  function send(file) {
    file.tries += 1;
    show(file, "uploading", "Uploading");
    return new Promise((done) => {
      const request = new XMLHttpRequest();
      request.open("POST", `${address}/upload?${file.query}`);
      request.setRequestHeader("x-csrf-token", file.token);
      request.setRequestHeader("content-type", file.source.type || "application/octet-stream");
      request.responseType = "json";
      request.upload.addEventListener("progress", ({ loaded, total }) => {
        file.bar.value = total ? loaded / total : 0;
        file.words.textContent = `${Math.round(file.bar.value * 100)}%`;
      });
      request.addEventListener("loadend", () => {
        finish(file, request);
        done();
      });
      request.send(file.source);
    });
  }

  function finish(file, { status, response }) {
    if (response?.state === "refused") refuse(file, response.reason);
    else if (status === 200 && response?.id) {
      file.id = response.id;
      show(file, response.state, response.state === "ready" ? "Ready" : "Being prepared");
      watch();
    } else if (status === 0 || status === 429 || status >= 500) again(file);
    else failed(file, "It could not be added. Reload the page and add it again.");
  }

  // A connection that dropped comes back in a while; the photo keeps its place by its request id.
  function again(file) {
    if (file.tries >= TRIES) {
      failed(file, "The connection was lost.");
      const retry = document.createElement("button");
      retry.type = "button";
      retry.className = "btn sm";
      retry.textContent = "Try again";
      retry.setAttribute("aria-label", `Try ${file.source.name} again`);
      retry.addEventListener("click", () => {
        retry.remove();
        file.tries = 0;
        wait(file);
        work();
      });
      file.row.append(retry);
      return;
    }
    const pause = 1000 * 2 ** (file.tries - 1);
    file.isPausing = true;
    show(file, "waiting", "The connection was lost. Trying again");
    setTimeout(() => {
      file.isPausing = false;
      work();
    }, pause);
  }

  function failed(file, words) {
    show(file, "failed", words);
  }

  async function watch() {
    if (watching) return;
    watching = true;
    const preparing = () => files.filter((file) => file.state === "processing");
    while (preparing().length > 0) {
      await new Promise((done) => setTimeout(done, 1000));
      const uploads = await read();
      if (!uploads) continue;
      for (const file of preparing()) {
        const upload = uploads.find(({ id }) => id === file.id);
        // what is on the list no more has become a photo
        if (!upload) show(file, "ready", "Ready");
        else if (upload.state === "refused") refuse(file, upload.reason);
      }
    }
    watching = false;
    await showNew();
  }

  async function read() {
    try {
      const answer = await fetch(`${address}/uploads`);
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  // Count and grid as they are now, in the place of those that were; what is selected in the grid is left alone.
  async function showNew() {
    const gallery = document.getElementById("gallery");
    if (gallery.querySelector("input[name=id]:checked")) return;
    try {
      const answer = await fetch(location.href);
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const id of ["count", "gallery"]) {
        const fresh = page.getElementById(id);
        if (fresh) document.getElementById(id)?.replaceWith(fresh);
      }
    } catch {
      // the next page shows them
    }
  }
}

function newId() {
  return crypto.randomUUID();
}

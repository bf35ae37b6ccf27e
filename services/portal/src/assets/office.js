// Everything here is a convenience: each page works without it.

// A color has a picker beside its text; both say the same.
for (const picker of document.querySelectorAll("input[data-picks]")) {
  const text = document.getElementById(picker.dataset.picks);
  const show = () => {
    if (/^#[0-9a-f]{6}$/i.test(text.value.trim())) picker.value = text.value.trim().toLowerCase();
  };
  picker.hidden = false;
  show();
  text.addEventListener("input", show);
  picker.addEventListener("input", () => {
    text.value = picker.value;
    text.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

// A file is read into the box that is sent.
for (const input of document.querySelectorAll("input[data-reads-into]")) {
  const box = document.getElementById(input.dataset.readsInto);
  input.closest("[data-file]").hidden = false;
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (file) box.value = await file.text();
  });
}

// Advice that can be copied, and whose calls can be shown in the waterfall.

function addCopying() {
  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      const done = (await copied(code)) ? "Copied" : "Select and copy by hand";
      button.textContent = done;
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
  }
}

/** Copy by the clipboard's own interface, or, where a file may not use it, as a reader's hand would. */
async function copied(code) {
  const lines = [...code.children].map((line) => line.textContent);
  // A patch ends with the end of its last line.
  const text = lines.length > 1 ? `${lines.join("\n")}\n` : lines[0];
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return document.execCommand("copy");
  }
}

/** Let each piece of advice show its calls in the waterfall of the run that it was made from. */
function addShowing(section, waterfall) {
  const buttons = [...section.querySelectorAll("button.show-calls")];
  const press = (pressed) => {
    for (const button of buttons) button.setAttribute("aria-pressed", button === pressed);
  };
  for (const button of buttons) {
    const { variant, memory } = button.closest(".advice").dataset;
    button.hidden = !waterfall.runs.some((run) => run.variant === variant && run.memory_mb === Number(memory));
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-pressed") === "true") {
        press(null);
        waterfall.mark(null);
        return;
      }
      if (waterfall.run.variant !== variant || waterfall.run.memory_mb !== Number(memory)) waterfall.pick(memory, variant);
      waterfall.mark(button.dataset.calls.split(",").map(Number));
      press(button);
      waterfall.figure.scrollIntoView({ block: "start" });
    });
  }
  // Another run has other calls.
  waterfall.figure.addEventListener("shown", () => press(null));
  waterfall.figure.addEventListener("unmark", () => {
    press(null);
    waterfall.mark(null);
  });
}

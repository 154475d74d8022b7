// Brings the page to life: draws each example, follows the memory chosen, the theme, the width.

const results = JSON.parse(document.getElementById("results").textContent);
const defaults = JSON.parse(document.getElementById("defaults").textContent);
for (const { recording } of results.runs) {
  if (!recording) continue;
  recording.calls = recording.calls.map((call) => ({ ...defaults.call, ...call }));
  recording.waits = recording.waits.map((wait) => ({ ...defaults.wait, ...wait }));
}
const looks = JSON.parse(document.getElementById("looks").textContent);
const sections = [...document.querySelectorAll("section.example")];
const drawn = new Map();

function runsOf(section) {
  return results.runs
    .filter((run) => run.example === section.dataset.example)
    .toSorted((one, other) => one.memory_mb - other.memory_mb || looks[one.variant] - looks[other.variant]);
}

function draw(section) {
  // A page that is not laid out, in a hidden frame for one, has no width to draw in; the resize that ends this draws.
  if (section.clientWidth === 0) return;
  for (const chart of drawn.get(section) ?? []) chart.dispose();
  const runs = runsOf(section);
  drawn.set(section, runs.length ? [...drawWaterfalls(section, runs), drawDurations(section, runs)] : []);
}

function drawWaterfalls(section, runs) {
  const memory = Number(section.querySelector("fieldset.memory input:checked").value);
  const chosen = runs.filter((run) => run.memory_mb === memory);
  const longest = Math.max(...chosen.map((run) => Math.max(answerTime(run), ...callsOf(run).map((call) => call.end_ms))));
  const holder = section.querySelector(".bars");
  holder.replaceChildren();
  const charts = [];
  for (const run of chosen) {
    const block = element("div", "variant");
    const heading = element("h4");
    const name = element("span", "name");
    name.append(sample(looks[run.variant]), run.variant);
    heading.append(name);
    block.append(heading);
    holder.append(block);
    if (!callsOf(run).length) {
      block.append(element("p", "empty", "No calls were recorded."));
      continue;
    }
    heading.append(element("span", "answer", `${milliseconds(answerTime(run))} ms`), element("span", "sums", waterfallSums(run)));
    const container = element("div", "chart");
    container.dataset.variant = run.variant;
    block.append(container);
    charts.push(drawWaterfall(container, run, looks[run.variant], longest));
  }
  linkZooms(charts);
  const calls = section.querySelector("details.calls");
  if (calls.open) fillCalls(calls.querySelector(".scroller"), chosen);
  calls.ontoggle = () => calls.open && fillCalls(calls.querySelector(".scroller"), chosen);
  return charts;
}

/** Zoomed or not, the variants keep one time axis. */
function linkZooms(charts) {
  for (const chart of charts) {
    chart.on("datazoom", ({ start, end }) => {
      for (const other of charts) {
        if (other !== chart) other.dispatchAction({ type: "dataZoom", start, end }, { silent: true });
      }
    });
  }
}

function drawDurations(section, runs) {
  const { chart, logarithmic, variants } = drawCurve(section.querySelector(".curve"), runs, looks);
  section.querySelector(".scale").textContent = logarithmic ? "(logarithmic scale)" : "";
  const key = section.querySelector(".durations .key");
  key.replaceChildren(
    ...variants.map((variant) => {
      const entry = element("span");
      entry.append(sample(looks[variant]), variant);
      return entry;
    }),
  );
  if (runs.some((run) => run.ideal_ms > 0)) {
    const entry = element("span");
    entry.append(sample("ideal"), "ideal: the longest chain of waits");
    key.append(entry);
  }
  return chart;
}

function drawAll() {
  for (const section of sections) draw(section);
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const toggle = document.getElementById("theme");

function isDark() {
  const theme = document.documentElement.dataset.theme;
  return theme ? theme === "dark" : dark.matches;
}

function followTheme() {
  toggle.textContent = isDark() ? "Light colours" : "Dark colours";
  drawAll();
}

toggle.addEventListener("click", () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  followTheme();
});
dark.addEventListener("change", followTheme);
matchMedia("print").addEventListener("change", drawAll);

for (const section of sections) {
  section.querySelector(".charts").hidden = false;
  section.querySelector("fieldset.memory").addEventListener("change", () => draw(section));
}
toggle.hidden = false;

let width = document.body.clientWidth;
addEventListener("resize", () => {
  if (document.body.clientWidth === width) return;
  width = document.body.clientWidth;
  drawAll();
});

followTheme();

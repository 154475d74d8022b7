// Brings the page to life: draws each example, follows the run chosen, the theme, the width.

const results = JSON.parse(document.getElementById("results").textContent);
const looks = JSON.parse(document.getElementById("looks").textContent);
const defaults = JSON.parse(document.getElementById("defaults").textContent);
const sections = [...document.querySelectorAll("section.example")];
const drawn = new Map();
const waterfalls = new Map();

for (const { recording } of results.runs) {
  if (!recording) continue;
  recording.calls = recording.calls.map((call) => ({ ...defaults.call, ...call }));
  recording.waits = recording.waits.map((wait) => ({ ...defaults.wait, ...wait }));
}

function runsOf(section) {
  return results.runs
    .filter((run) => run.example === section.dataset.example)
    .toSorted((one, other) => one.memory_mb - other.memory_mb || looks[one.variant] - looks[other.variant]);
}

function exampleOf(section) {
  return results.examples.find((example) => example.name === section.dataset.example);
}

function draw(section) {
  // A page that is not laid out, in a hidden frame for one, has no width to draw in; the resize that ends this draws.
  if (section.clientWidth === 0) return;
  for (const chart of drawn.get(section) ?? []) chart.dispose();
  const runs = runsOf(section);
  const example = exampleOf(section);
  const charts = [];
  if (section.querySelector(".durations")) charts.push(drawDurations(section, runs));
  if (example.predictions.length) charts.push(drawPredictions(section, example.predictions));
  if (example.memory_points.length) charts.push(drawMemory(section, example));
  drawn.set(section, charts);
  if (waterfalls.has(section)) waterfalls.get(section).layOut();
  else addWaterfall(section, runs);
}

function addWaterfall(section, runs) {
  const figure = section.querySelector("figure.waterfall");
  if (!figure) return;
  const first = section.querySelector(".advice")?.dataset.variant;
  const recorded = runs.filter((run) => run.recording);
  const waterfall = new Waterfall(figure, recorded.toSorted((one, other) => (other.variant === first) - (one.variant === first)));
  waterfalls.set(section, waterfall);
  addShowing(section, waterfall);
}

function drawDurations(section, runs) {
  const { chart, logarithmic, variants } = drawCurve(section.querySelector(".durations .curve"), runs, looks);
  scaleIn(section.querySelector(".durations .scale"), logarithmic);
  const entries = variants.map((variant) => [looks[variant], variant]);
  if (runs.some((run) => run.ideal_ms > 0)) entries.push(["ideal", "ideal: the longest chain of waits"]);
  keyIn(section.querySelector(".durations .key"), entries);
  return chart;
}

function drawPredictions(section, predictions) {
  const executor = section.querySelector(".what-if fieldset input:checked")?.value ?? predictions[0].executor;
  const { chart, memories, logarithmic } = drawWhatIf(section.querySelector(".what-if .curve"), predictions.filter((one) => one.executor === executor));
  scaleIn(section.querySelector(".what-if .scale"), logarithmic);
  keyIn(section.querySelector(".what-if .key"), memories.map((memory, index) => [(index % 6) + 1, `${memory} MB`]));
  return chart;
}

function drawMemory(section, example) {
  const chart = drawMemoryCost(section.querySelector(".memory-cost .curve"), example.memory_points, example.best_memory);
  keyIn(section.querySelector(".memory-cost .key"), [[SPEED_LOOK, "duration, ms"], [COST_LOOK, "cost, $ a million"]]);
  return chart;
}

function scaleIn(holder, logarithmic) {
  holder.textContent = logarithmic ? "(logarithmic scale)" : "";
}

function keyIn(holder, entries) {
  holder.replaceChildren(
    ...entries.map(([look, words]) => {
      const entry = element("span");
      entry.append(sample(look), words);
      return entry;
    }),
  );
}

function drawAll() {
  forgetPaints();
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
  const charts = section.querySelector(".charts");
  if (charts) charts.hidden = false;
  section.querySelector(".what-if fieldset")?.addEventListener("change", () => draw(section));
}
toggle.hidden = false;
addCopying();

let width = document.body.clientWidth;
addEventListener("resize", () => {
  if (document.body.clientWidth === width) return;
  width = document.body.clientWidth;
  drawAll();
});

followTheme();

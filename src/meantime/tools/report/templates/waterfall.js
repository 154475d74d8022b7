// The waterfall of one recorded invocation: rows that fold, a span of time that zooms, and one chosen call.

const NARROW = 560;
const models = new WeakMap();

/** The prepared recording of a run; made once. */
function modelOf(run) {
  if (!models.has(run)) models.set(run, prepare(run.recording));
  return models.get(run);
}

class Waterfall {
  /** @param figure the figure it lives in; @param runs the example's runs that have a recording */
  constructor(figure, runs) {
    this.figure = figure;
    this.runs = runs;
    this.find = (selector) => figure.querySelector(selector);
    [this.flow, this.pane, this.tree, this.tip, this.panel] = [".flow", ".pane", ".rows", ".tip", ".details"].map(this.find);
    this.canvas = this.find(".pane > canvas");
    this.shown = { order: "start", filter: "", folded: new Set(), unfolded: new Set() };
    this.marked = null;
    this.paints = 0;
    this.wire();
    this.flow.addEventListener("scroll", () => this.schedule());
    addGestures(this);
    this.pick(this.find("fieldset[data-choice=memory] input:checked").value);
  }

  wire() {
    this.find("fieldset[data-choice=memory]").addEventListener("change", ({ target }) => this.pick(target.value, this.run.variant));
    this.find("fieldset[data-choice=rows]").addEventListener("change", ({ target }) => this.reshape({ order: target.value }));
    this.search = this.find("input[type=search]");
    this.search.addEventListener("input", () => this.reshape({ filter: this.search.value.trim() }));
    this.search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.tree.focus();
    });
    this.find(".fold").addEventListener("click", () => this.foldAll());
    for (const button of this.figure.querySelectorAll("button[data-zoom]")) button.addEventListener("click", () => this.zoomBy(button.dataset.zoom));
    const calls = this.find("details.calls");
    calls.ontoggle = () => this.list();
  }

  /** Show the run of a memory size: of this variant, else of the first there is. */
  pick(memory, variant) {
    const beside = this.runs.filter((run) => run.memory_mb === Number(memory));
    this.find(`fieldset[data-choice=memory] input[value="${memory}"]`).checked = true;
    const run = beside.find((each) => each.variant === variant) ?? beside[0];
    const name = this.find("fieldset[data-choice=memory] input").name.replace("memory", "handler");
    this.strips = showStrips(this.find(".strips"), name, beside, run, (other) => this.show(other));
    this.show(run);
  }

  show(run) {
    this.run = run;
    this.model = modelOf(run);
    this.span = new Span(this.model.end * 1.01);
    this.shown.folded.clear();
    this.shown.unfolded.clear();
    this.chosen = null;
    this.marked = null;
    this.flow.scrollTop = 0;
    this.figure.dataset.variant = run.variant;
    this.figure.dataset.memory = run.memory_mb;
    for (const each of this.figure.querySelectorAll(".observed")) {
      each.hidden = each.dataset.variant !== run.variant || Number(each.dataset.memory) !== run.memory_mb;
    }
    this.figure.dispatchEvent(new CustomEvent("shown", { bubbles: true }));
    this.reshape({});
    this.list();
  }

  /** Dim all calls but these; null for none. */
  mark(ids) {
    this.marked = ids && new Set(ids);
    // Their parts with them: the calls come in the order they began, so a part after what it is a part of.
    for (const { call } of ids ? this.model.nodes : []) if (this.marked.has(call.parent)) this.marked.add(call.id);
    if (ids?.length) {
      if (this.shown.filter) this.reshape({ filter: (this.search.value = "") });
      this.reveal(ids[0]);
    }
    this.schedule();
  }

  /** Unfold what a call is a part of, choose it, and bring it into sight. */
  reveal(id) {
    const node = this.model.byId.get(id);
    if (!node) return;
    for (let each = node.parent; each; each = each.parent) this.shown.unfolded.add(each.call.id);
    const top = (function up(each) { return each.parent ? up(each.parent) : each; })(node);
    if (this.shown.order === "lane") this.shown.unfolded.add(top.lane.key);
    this.reshape({});
    this.choose(this.rows.findIndex((row) => row.key === id));
  }

  reshape(changes) {
    Object.assign(this.shown, changes);
    this.rows = rowsOf(this.model, this.shown);
    this.at = this.rows.findIndex((row) => row.key === this.chosen);
    if (this.at < 0) this.chosen = null;
    const calls = this.rows.filter((row) => row.node).length;
    const filtered = this.shown.filter ? `${counted(calls, "call")} with “${this.shown.filter}”, of ` : "";
    this.find(".status").textContent = `${filtered}${inSum(this.model)}.`;
    this.find(".fold").textContent = this.rows.some((row) => row.parts && !row.open) ? "Unfold all" : "Fold all";
    this.find(".fold").disabled = !this.rows.some((row) => row.parts);
    this.describe();
    this.layOut();
  }

  layOut() {
    const width = this.flow.clientWidth;
    this.narrow = width < NARROW;
    this.pitch = this.narrow ? 36 : 20;
    this.above = this.narrow ? 19 : 4;
    this.left = this.narrow ? 4 : Math.round(Math.min(380, width * 0.4));
    this.figure.classList.toggle("narrow", this.narrow);
    const wanted = Math.max(1, this.rows.length) * this.pitch;
    const most = matchMedia("print").matches ? 100 * this.pitch : Math.max(200, Math.min(440, innerHeight * 0.6));
    this.height = Math.min(wanted, most);
    this.flow.style.height = this.pane.style.height = `${this.height}px`;
    this.find(".sizer").style.height = `${wanted}px`;
    this.schedule();
  }

  /** Another span is to be shown: with rows in sight that have calls in it, if there are any. */
  respan() {
    this.following = true;
    this.schedule();
  }

  schedule() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  paint() {
    const width = this.pane.clientWidth;
    if (!width) return;
    const scroll = Math.min(this.flow.scrollTop, Math.max(0, this.rows.length * this.pitch - this.height));
    const first = Math.floor(scroll / this.pitch);
    const sight = { first, shift: scroll - first * this.pitch, pitch: this.pitch, left: this.left, width, height: this.height, span: this.span };
    const { painted, bars } = paintRows(this.canvas, { ...sight, rows: this.rows, above: this.above, bar: 12, answer: this.model.recording.duration_ms, marked: this.marked });
    paintAxis(this.find(".axis"), sight);
    for (const strip of this.strips) showStrip(strip, strip.run === this.run ? this.span : null);
    nameRows(this, sight);
    this.paints += 1;
    if (this.following && !bars) this.follow();
    this.following = false;
    Object.assign(this.figure.dataset, { from: this.span.from.toFixed(4), to: this.span.to.toFixed(4), rows: this.rows.length, painted, bars, paints: this.paints });
  }

  follow() {
    const { from, to } = this.span;
    const at = this.rows.findIndex(({ node }) => node && node.call.end_ms >= from && node.call.start_ms <= to);
    if (at >= 0) this.flow.scrollTop = at * this.pitch;
  }

  choose(at) {
    if (!this.rows.length) return;
    this.at = Math.min(Math.max(0, at), this.rows.length - 1);
    this.chosen = this.rows[this.at].key;
    const top = this.at * this.pitch;
    if (top < this.flow.scrollTop) this.flow.scrollTop = top;
    if (top + this.pitch > this.flow.scrollTop + this.height) this.flow.scrollTop = top + this.pitch - this.height;
    this.describe();
    // What a screen reader is told of must be there when it is told.
    this.paint();
  }

  describe() {
    describeIn(this.panel, this.rows[this.at], this.model);
  }

  toggle(row, open = !row?.open) {
    if (!row?.parts || row.open === open) return false;
    this.shown[open ? "unfolded" : "folded"].add(row.key);
    this.shown[open ? "folded" : "unfolded"].delete(row.key);
    this.reshape({});
    return true;
  }

  foldAll() {
    const open = this.rows.some((row) => row.parts && !row.open);
    const keys = [...this.model.nodes.filter((node) => node.parts.length).map(({ call }) => call.id), ...this.model.lanes.map(({ key }) => key)];
    this.shown.unfolded = new Set(open ? keys : []);
    this.shown.folded = new Set(open ? [] : keys);
    this.reshape({});
  }

  zoomBy(way, around) {
    if (way === "all") this.span.reset();
    else this.span.zoom(way === "in" ? 0.6 : 1 / 0.6, around ?? this.middle());
    this.respan();
  }

  /** Where zooming by key goes: the chosen call, where it is in sight, else the middle. */
  middle() {
    const call = this.rows[this.at]?.node?.call;
    const moment = call && (call.start_ms + call.end_ms) / 2;
    return moment >= this.span.from && moment <= this.span.to ? moment : undefined;
  }

  zoomTo(row) {
    const call = row?.node?.call;
    if (!call) return;
    const margin = Math.max(0.1, (call.end_ms - call.start_ms) * 0.15);
    this.span.set(call.start_ms - margin, call.end_ms + margin);
    this.respan();
  }

  moment(x) {
    return this.span.from + ((x - this.left) / Math.max(1, this.pane.clientWidth - this.left)) * this.span.length;
  }

  list() {
    const calls = this.find("details.calls");
    if (calls.open) fillCalls(calls.querySelector(".scroller"), this.run);
  }
}

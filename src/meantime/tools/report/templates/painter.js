// Paints the rows in sight on a canvas. It only ever paints those, so 5,000 calls cost what forty do.

const MARK_SIZE = 3.5;

let kept = null;

/** Forget the colours: the theme is another now. */
function forgetPaints() {
  kept = null;
}

/** The colours of the states under the theme of this moment; asking the style for them costs more than painting. */
function paints() {
  if (kept) return kept;
  const ink = {};
  for (const name of ["paper", "panel", "ink", "soft", "rule", "wait-fill", "wait-line", "compute", "held-line", "held-fill", "error", "link", "marked"]) ink[name] = colour(name);
  kept = { ...ink, font: getComputedStyle(document.body).fontFamily };
  return kept;
}

/** Fit a canvas to a size in CSS pixels; returns its context, cleared, in CSS pixels. */
function fitted(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  const [wide, high] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

function hatch(context, paint) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const pen = tile.getContext("2d");
  pen.fillStyle = paint["held-fill"];
  pen.fillRect(0, 0, 6, 6);
  pen.strokeStyle = paint["held-line"];
  pen.lineWidth = 1.5;
  for (const shift of [-6, 0, 6]) {
    pen.beginPath();
    pen.moveTo(shift - 1, 7);
    pen.lineTo(shift + 7, -1);
    pen.stroke();
  }
  return context.createPattern(tile, "repeat");
}

/**
 * Paint what is in sight. `scene`: rows, first, pitch, shift (px of the first row above the top), left (px where time
 * begins), width, height, span, answer, marked (a set of identifiers, or null), chosen (a key). Returns how many
 * rows and how many bars that were.
 */
function paintRows(canvas, scene) {
  const paint = paints();
  const context = fitted(canvas, scene.width, scene.height);
  const brush = { context, paint, hatch: hatch(context, paint), scene, bars: 0 };
  const scale = (scene.width - scene.left) / scene.span.length;
  brush.x = (moment) => scene.left + (moment - scene.span.from) * scale;
  context.save();
  context.beginPath();
  context.rect(scene.left, 0, scene.width - scene.left, scene.height);
  context.clip();
  grid(brush);
  let painted = 0;
  for (let at = scene.first; at < scene.rows.length; at += 1) {
    const top = (at - scene.first) * scene.pitch - scene.shift;
    if (top > scene.height) break;
    const row = scene.rows[at];
    const inner = { y: top + scene.above, height: scene.bar };
    if (row.lane) laneOf(brush, row.lane, inner);
    else callOf(brush, row.node, inner);
    painted += 1;
  }
  context.fillStyle = paint.ink;
  context.fillRect(Math.round(brush.x(scene.answer)), 0, 1, scene.height);
  context.restore();
  return { painted, bars: brush.bars };
}

function grid({ context, paint, scene, x }) {
  context.fillStyle = paint.rule;
  for (const tick of ticksOf(scene.span, scene.width - scene.left)) context.fillRect(Math.round(x(tick)), 0, 1, scene.height);
}

/** Round moments for the axis, about one in 80 pixels. */
function ticksOf(span, width) {
  const step = niceStep(span.length, Math.max(2, Math.floor(width / 80)));
  const found = [];
  for (let at = Math.max(0, Math.ceil(span.from / step - 1e-9)); at * step <= span.to + 1e-9; at += 1) found.push(at * step);
  return found;
}

function callOf(brush, node, box) {
  const { context, paint, scene, x } = brush;
  const { call } = node;
  const [left, right] = [x(call.start_ms), x(call.end_ms)];
  if (right < scene.left || left > scene.width) return elsewhere(brush, right < scene.left, box);
  brush.bars += 1;
  context.globalAlpha = scene.marked && !scene.marked.has(call.id) ? 0.25 : 1;
  const height = node.depth && call.kind === "socket" ? box.height - 4 : box.height;
  const y = box.y + (box.height - height) / 2;
  if (right - left < 2) {
    context.fillStyle = call.error ? paint.error : paint[call.computing_ms > call.waiting_ms ? "compute" : "wait-line"];
    context.fillRect(left, y, Math.max(1.5, right - left), height);
  } else for (const segment of segmentsOf(node)) stretch(brush, segment, y, height);
  if (call.new_connection) diamond(context, left, y + height / 2, paint);
  if (call.error) cross(context, right + 7, y + height / 2, paint);
  context.globalAlpha = 1;
}

/** A call that is not in the span shown: where to look for it. */
function elsewhere({ context, paint, scene }, before, { y, height }) {
  context.fillStyle = paint.soft;
  context.font = `11px ${paint.font}`;
  context.fillText(before ? "‹" : "›", before ? scene.left + 3 : scene.width - 10, y + height - 2);
}

function stretch({ context, paint, hatch: pattern, scene, x }, { state, from, to }, y, height) {
  const left = Math.max(x(from), scene.left - 2);
  const width = Math.min(x(to), scene.width + 2) - left;
  if (width <= 0) return;
  context.fillStyle = state === "waiting" ? paint["wait-fill"] : state === "computing" ? paint.compute : pattern;
  context.fillRect(left, y, Math.max(width, 0.75), height);
  if (state !== "computing" && width > 2) {
    context.strokeStyle = paint[state === "waiting" ? "wait-line" : "held-line"];
    context.lineWidth = 1;
    context.strokeRect(left + 0.5, y + 0.5, width - 1, height - 1);
  }
}

function diamond(context, x, y, paint) {
  context.fillStyle = paint.paper;
  context.strokeStyle = paint.ink;
  context.lineWidth = 1.25;
  context.beginPath();
  for (const [dx, dy] of [[0, -1], [1, 0], [0, 1], [-1, 0]]) context.lineTo(x + dx * MARK_SIZE, y + dy * MARK_SIZE);
  context.closePath();
  context.fill();
  context.stroke();
}

function cross(context, x, y, paint) {
  context.strokeStyle = paint.error;
  context.lineWidth = 2;
  context.beginPath();
  for (const turn of [1, -1]) {
    context.moveTo(x - 3, y - 3 * turn);
    context.lineTo(x + 3, y + 3 * turn);
  }
  context.stroke();
}

/** All calls of a thread or task in one row; what falls on a pixel already painted is passed over. */
function laneOf(brush, lane, box) {
  let painted = -Infinity;
  for (const node of lane.nodes) {
    const right = brush.x(node.call.end_ms);
    if (right - painted < 0.5 || right < brush.scene.left || brush.x(node.call.start_ms) > brush.scene.width) continue;
    callOf(brush, node, box);
    painted = Math.max(painted, right);
  }
}

/** The axis above the rows: round moments in milliseconds. */
function paintAxis(canvas, { left, width, span }) {
  const paint = paints();
  const context = fitted(canvas, width, 22);
  context.font = `11px ${paint.font}`;
  context.fillStyle = paint.soft;
  const scale = (width - left) / span.length;
  const ticks = ticksOf(span, width - left);
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : 1;
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  for (const [at, tick] of ticks.entries()) {
    const x = left + (tick - span.from) * scale;
    const text = tick.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }) + (at ? "" : " ms");
    const wide = context.measureText(text).width;
    context.fillText(text, Math.min(Math.max(left, x - (at ? wide / 2 : 0)), width - wide), 14);
  }
}

// The handlers of one memory size as strips, one over the other on one time axis: small enough to compare at a glance,
// and the way to choose which one is shown in full.

const STRIP_HEIGHT = 40;

/** Fill `holder` with a strip a run; `choose(run)` is called when another is chosen. */
function showStrips(holder, name, runs, chosen, choose) {
  for (const each of holder.querySelectorAll("label")) each.remove();
  const longest = Math.max(...runs.map((run) => modelOf(run).end));
  return runs.map((run) => {
    const label = element("label", "strip");
    const radio = element("input");
    Object.assign(radio, { type: "radio", name, value: run.variant, checked: run === chosen });
    radio.addEventListener("change", () => choose(run));
    const words = element("span", "words");
    words.append(sample(looks[run.variant]), element("b", "", run.variant), ` ${milliseconds(run.recording.duration_ms)} ms`);
    const canvas = element("canvas");
    canvas.setAttribute("aria-hidden", "true");
    label.append(radio, words, canvas);
    holder.append(label);
    return { run, canvas, longest };
  });
}

/** Paint a strip: each call a line, from the first at the top to the last; over it the span that is shown. */
function paintStrip({ run, canvas, longest }, span) {
  const width = canvas.parentElement.clientWidth;
  if (!width) return;
  const paint = paints();
  const context = fitted(canvas, width, STRIP_HEIGHT);
  const model = modelOf(run);
  const scale = (width - 1) / longest;
  const pitch = Math.min(4, (STRIP_HEIGHT - 6) / Math.max(1, model.tops.length));
  const thick = Math.max(0.75, pitch - (pitch > 2 ? 1 : 0));
  context.fillStyle = paint.panel;
  context.fillRect(0, 0, Math.max(1, model.recording.duration_ms * scale), STRIP_HEIGHT);
  model.tops.forEach((node, at) => {
    const y = 3 + at * pitch;
    // Thousands of calls share the pixels of forty rows: their stretches would not be seen apart.
    const stretches = model.tops.length > 400 ? [{ state: "waiting", from: node.call.start_ms, to: node.call.end_ms }] : segmentsOf(node);
    for (const { state, from, to } of stretches) {
      context.fillStyle = paint[state === "waiting" ? "wait-line" : state === "computing" ? "compute" : "held-line"];
      context.fillRect(from * scale, y, Math.max(0.75, (to - from) * scale), thick);
    }
  });
  if (span && !span.whole) {
    context.strokeStyle = paint.link;
    context.lineWidth = 2;
    context.strokeRect(span.from * scale + 1, 1, Math.max(3, span.length * scale - 2), STRIP_HEIGHT - 2);
  }
}

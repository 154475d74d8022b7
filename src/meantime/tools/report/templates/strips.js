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
    const track = element("span", "track");
    const frame = element("i", "frame");
    track.append(canvas, frame);
    label.append(radio, words, track);
    holder.append(label);
    return { run, canvas, frame, longest, drawn: "" };
  });
}

/** Bring a strip up to date: its picture where the width or the colours are others, and the frame round the span shown. */
function showStrip(strip, span) {
  const { canvas, frame, longest } = strip;
  const width = canvas.parentElement.clientWidth;
  const paint = paints();
  const drawn = `${width} ${paint.paper}`;
  if (strip.drawn !== drawn) paintStrip(strip, width, paint);
  strip.drawn = drawn;
  frame.hidden = !span || span.whole;
  if (frame.hidden) return;
  frame.style.left = `${(100 * span.from) / longest}%`;
  frame.style.width = `${Math.max(0.4, (100 * span.length) / longest)}%`;
}

/** Each call a line, from the first at the top to the last. */
function paintStrip({ run, canvas, longest }, width, paint) {
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
}

// A call's length cut into stretches of waiting, computing and being held up. The recording tells when a call waited,
// and how much it computed: where between two waits it computed is taken to be right after the first.

/** Stretches of a call, in order: `{ state, from, to }`. */
function segmentsOf(node) {
  node.segments ??= node.waits.length ? betweenWaits(node) : inProportion(node.call);
  return node.segments;
}

function inProportion(call) {
  const length = call.end_ms - call.start_ms;
  const computing = Math.min(call.computing_ms, length);
  const waiting = Math.min(call.waiting_ms, length - computing);
  const found = [];
  let from = call.start_ms;
  for (const [state, part] of [["waiting", waiting], ["computing", computing], ["held", length - waiting - computing]]) {
    if (part > 0.0005) found.push({ state, from, to: from + part });
    from += part;
  }
  return found;
}

function betweenWaits({ call, waits }) {
  const merged = [];
  for (const { start_ms, end_ms } of waits.toSorted((one, other) => one.start_ms - other.start_ms)) {
    const from = Math.max(start_ms, call.start_ms);
    const to = Math.min(end_ms, call.end_ms);
    if (to <= from) continue;
    if (merged.length && from <= merged.at(-1).to) merged.at(-1).to = Math.max(merged.at(-1).to, to);
    else merged.push({ from, to });
  }
  const edges = [call.start_ms, ...merged.flatMap(({ from, to }) => [from, to]), call.end_ms];
  let between = 0;
  for (let at = 0; at < edges.length; at += 2) between += edges[at + 1] - edges[at];
  const share = between > 0 ? Math.min(1, call.computing_ms / between) : 0;
  const found = [];
  for (let at = 0; at + 1 < edges.length; at += 1) {
    const [from, to] = [edges[at], edges[at + 1]];
    if (to <= from) continue;
    if (at % 2) found.push({ state: "waiting", from, to });
    else {
      const turn = from + (to - from) * share;
      if (turn > from) found.push({ state: "computing", from, to: turn });
      if (to - turn > 0.0005) found.push({ state: "held", from: turn, to });
    }
  }
  return found;
}

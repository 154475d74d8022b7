// What there is to say of one call, for the panel, the box at the pointer, and for screen readers.

const STATES = [["waiting_ms", "waiting"], ["computing_ms", "computing"], ["held_up_ms", "held up"]];

/** The rows of the description: `[term, words]`, without what is unknown. */
function factsOf(node, model) {
  const { call } = node;
  const facts = [
    ["when", `${milliseconds(call.start_ms)} to ${milliseconds(call.end_ms)} ms`],
    ["took", `${milliseconds(call.end_ms - call.start_ms)} ms: ${STATES.map(([field, word]) => `${word} ${milliseconds(call[field])}`).join(", ")}`],
    ["overlapped", call.overlapped_ms > 0 && `${milliseconds(call.overlapped_ms)} ms of its waiting`],
    ["waits", waitsByKind(node).map(([kind, length]) => `${kind.replaceAll("_", " ")} ${milliseconds(length)} ms`).join(", ")],
    ["target", call.target],
    ["parameters", call.parameters.join(", ")],
    ["line", call.line && `${call.line}${call.function ? ` in ${call.function}` : ""}`],
    ["library", call.library],
    ["runs on", laneName(model.recording, call)],
    ["bytes", (call.sent_bytes || call.received_bytes) && `${call.sent_bytes.toLocaleString("en-US")} sent, ${call.received_bytes.toLocaleString("en-US")} received`],
    ["connection", call.new_connection === null ? "" : call.new_connection ? "new" : "kept"],
    ["timeout", call.has_timeout === false ? "none" : call.timeout_s !== null ? `${call.timeout_s} s` : ""],
    ["attempts", call.attempts > 1 && String(call.attempts)],
    ["error", call.error],
  ];
  return facts.filter(([, words]) => words);
}

function factsIn(list, facts) {
  for (const [term, words] of facts) list.append(element("dt", "", term), element("dd", term === "error" ? "failed" : "", words));
  return list;
}

/** Fill the panel with all of a call: its stack too. */
function describeIn(panel, row, model) {
  if (!row) {
    panel.replaceChildren(element("p", "empty", "Choose a call to see what it waited for, where it stands in the code, and what went over the wire."));
    return;
  }
  if (row.lane) {
    const length = (field) => row.lane.nodes.reduce((sum, { call }) => sum + call[field], 0);
    const list = factsIn(element("dl"), [["calls", counted(row.lane.nodes.length, "call")], ...STATES.map(([field, word]) => [word, `${milliseconds(length(field))} ms`])]);
    panel.replaceChildren(element("h4", "", row.lane.name), list);
    return;
  }
  const { call } = row.node;
  const list = factsIn(element("dl"), factsOf(row.node, model));
  if (call.stack.length) {
    const stack = element("ol", "stack");
    for (const frame of call.stack) stack.append(element("li", "", frame));
    const term = element("dd");
    term.append(stack);
    list.append(element("dt", "", "stack"), term);
  }
  panel.replaceChildren(element("h4", "", call.name), list);
}

/** The same, shorter, beside the pointer. */
function tipIn(box, row, model) {
  if (row.lane) return describeIn(box, row, model);
  box.replaceChildren(element("b", "", row.node.call.name), factsIn(element("dl"), factsOf(row.node, model)));
}

/** One sentence for a screen reader. */
function spoken(row) {
  if (row.lane) return `${row.lane.name}, ${counted(row.lane.nodes.length, "call")}`;
  const { call } = row.node;
  const marks = [call.new_connection && "new connection", call.error && `error ${call.error}`].filter(Boolean);
  return [
    `${call.name}, from ${milliseconds(call.start_ms)} ms, ${milliseconds(call.end_ms - call.start_ms)} ms`,
    ...STATES.filter(([field]) => call[field] > 0).map(([field, word]) => `${word} ${milliseconds(call[field])} ms`),
    ...marks,
    call.line,
  ].filter(Boolean).join(", ");
}

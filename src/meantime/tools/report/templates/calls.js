// The calls of the waterfall as a table, to be read and copied.

const LISTED = 1000;
const HEADINGS = ["call", "target", "line", "on", "start ms", "end ms", "waiting ms", "computing ms", "held up ms"];

/** Fill `container` with a table of a run's calls, by start. */
function fillCalls(container, run) {
  const table = element("table");
  const head = table.createTHead().insertRow();
  for (const [index, heading] of HEADINGS.entries()) {
    const cell = element("th", index > 3 ? "figure" : "", heading);
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  const { recording, nodes } = modelOf(run);
  for (const { call } of nodes.slice(0, LISTED)) {
    const row = body.insertRow();
    for (const words of [call.name, call.target, call.line, laneName(recording, call)]) row.append(element("td", "", words));
    for (const value of [call.start_ms, call.end_ms, call.waiting_ms, call.computing_ms, call.held_up_ms]) {
      row.append(element("td", "figure", value.toLocaleString("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 })));
    }
  }
  container.replaceChildren(table);
  const rest = nodes.length - LISTED;
  if (rest > 0) container.append(element("p", "note", `${counted(rest, "further call")}: results.json holds them all.`));
}

// The calls of the waterfalls as a table, for those who do not see or do not hover.

/** Fill `container` with a table of the calls of `runs`, by start. */
function fillCalls(container, runs) {
  const table = element("table");
  const head = table.createTHead().insertRow();
  for (const [index, heading] of ["variant", "call", "lane", "start ms", "end ms", "waiting ms", "computing ms", "held up ms"].entries()) {
    const cell = element("th", index > 2 ? "figure" : "", heading);
    cell.scope = "col";
    head.append(cell);
  }
  for (const run of runs) {
    const body = table.createTBody();
    for (const call of callsOf(run).toSorted((one, other) => one.start_ms - other.start_ms)) {
      const row = body.insertRow();
      const spent = parts(call);
      row.append(element("td", "", run.variant), element("td", "", call.name), element("td", "", String(call.lane)));
      for (const value of [call.start_ms, call.end_ms, spent.waiting, spent.computing, spent.throttled]) {
        row.append(element("td", "figure", value.toLocaleString("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 })));
      }
    }
  }
  container.replaceChildren(table);
}

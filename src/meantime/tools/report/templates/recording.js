// One recorded invocation as the waterfall needs it: its calls as trees, in lanes, each with its waits and its words.

let prepared = 0;

/** Prepare a recording once; everything drawn reads from what this gives. */
function prepare(recording) {
  const byId = new Map(recording.calls.map((call) => [call.id, { call, parts: [], waits: [], depth: 0, parent: null }]));
  const nodes = [...byId.values()].sort(nodeOrder);
  for (const node of nodes) {
    const parent = node.call.parent === null ? null : byId.get(node.call.parent);
    // What a call is a part of began before it; a file that says otherwise must not lead in circles.
    if (parent && nodeOrder(parent, node) < 0) {
      node.parent = parent;
      parent.parts.push(node);
    }
  }
  for (const wait of recording.waits) {
    // A call waits while its parts do.
    for (let node = byId.get(wait.call); node; node = node.parent) node.waits.push(wait);
  }
  const tops = nodes.filter((node) => !node.parent);
  deepen(tops);
  const end = nodes.reduce((latest, { call }) => Math.max(latest, call.end_ms), recording.duration_ms);
  prepared += 1;
  return { number: prepared, recording, byId, nodes, tops, end, lanes: lanesOf(recording, tops) };
}

function nodeOrder(one, other) {
  return one.call.start_ms - other.call.start_ms || one.call.id - other.call.id;
}

function deepen(tops) {
  const open = tops.map((node) => [node, 0]);
  while (open.length) {
    const [node, depth] = open.pop();
    node.depth = depth;
    for (const part of node.parts) open.push([part, depth + 1]);
  }
}

/** The threads and tasks that made calls, in the order they first did. */
function lanesOf(recording, tops) {
  const lanes = new Map();
  for (const node of tops) {
    const name = laneName(recording, node.call);
    if (!lanes.has(name)) lanes.set(name, { name, key: `lane ${name}`, nodes: [] });
    lanes.get(name).nodes.push(node);
    node.lane = lanes.get(name);
  }
  return [...lanes.values()];
}

function laneName(recording, call) {
  if (call.is_async && call.task) return `task ${call.task}`;
  return recording.threads[call.thread]?.name ?? `thread ${call.thread}`;
}

/** The waits of a call by what it waited for, longest first, in milliseconds. */
function waitsByKind(node) {
  const sums = new Map();
  for (const { kind, start_ms, end_ms } of node.waits) sums.set(kind, (sums.get(kind) ?? 0) + end_ms - start_ms);
  return [...sums].sort((one, other) => other[1] - one[1]);
}

/** What the filter looks through. */
function searchable(node) {
  const { call } = node;
  node.text ??= [call.name, call.kind, call.target, call.library, call.line, call.function, call.task, call.error && `error ${call.error}`, call.new_connection && "new connection"]
    .filter(Boolean)
    .join(" ")
    .toLowerCase();
  return node.text;
}

/** The sums over an invocation's calls, in words. */
function inSum({ recording, tops }) {
  const sum = (field) => milliseconds(tops.reduce((total, { call }) => total + call[field], 0));
  const dropped = recording.dropped_calls ? `; ${recording.dropped_calls.toLocaleString("en-US")} more were not kept` : "";
  return `${counted(tops.length, "call")}, together ${sum("waiting_ms")} ms waiting, ${sum("computing_ms")} ms computing, ${sum("held_up_ms")} ms held up${dropped}`;
}

function counted(number, noun) {
  return `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
}

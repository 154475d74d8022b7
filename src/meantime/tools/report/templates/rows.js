// Which rows the waterfall has: by start or by lane, without what is folded away or filtered out.

/**
 * The rows to show, in order: `{ key, node, lane, depth, parts, open }`.
 * @param model what `prepare` gave
 * @param shown `{ order, folded, unfolded, filter }`; folded and unfolded are sets of keys
 */
function rowsOf(model, shown) {
  const matches = shown.filter ? matching(model, shown.filter) : null;
  const rows = [];
  const add = (node, depth) => {
    if (matches && !matches.has(node)) return;
    const parts = matches ? node.parts.filter((part) => matches.has(part)) : node.parts;
    const open = parts.length > 0 && (matches ? true : isOpen(node.call.id, usuallyOpen(node), shown));
    rows.push({ key: node.call.id, node, depth, parts: parts.length, open });
    if (open) for (const part of parts) add(part, depth + 1);
  };
  if (shown.order !== "lane") for (const node of model.tops) add(node, 0);
  else {
    for (const lane of model.lanes) {
      const nodes = matches ? lane.nodes.filter((node) => matches.has(node)) : lane.nodes;
      if (!nodes.length) continue;
      const open = matches ? nodes.length < 200 : isOpen(lane.key, model.tops.length <= 60, shown);
      rows.push({ key: lane.key, lane: { ...lane, nodes }, depth: 0, parts: nodes.length, open });
      if (open) for (const node of nodes) add(node, 1);
    }
  }
  return rows;
}

/** A function given to a pool holds the calls that matter; what a call consists of matters less. */
function usuallyOpen(node) {
  return node.call.kind === "item" && node.parts.length <= 20;
}

function isOpen(key, usual, { folded, unfolded }) {
  return unfolded.has(key) || (usual && !folded.has(key));
}

/** The calls that hold every word of the filter, and the calls they are parts of. */
function matching(model, filter) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const found = new Set();
  for (const node of model.nodes) {
    if (!words.every((word) => searchable(node).includes(word))) continue;
    for (let each = node; each && !found.has(each); each = each.parent) found.add(each);
  }
  return found;
}

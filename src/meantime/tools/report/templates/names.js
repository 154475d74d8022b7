// The names beside the bars: elements for the rows in sight only, so that they can be read aloud, and are few.

/** Bring the elements up to date with what is in sight. */
function nameRows(waterfall, { first, shift, pitch, height }) {
  const { tree, rows, figure } = waterfall;
  const number = Math.max(0, Math.min(rows.length - first, Math.ceil((height + shift) / pitch)));
  while (tree.children.length > number) tree.lastElementChild.remove();
  while (tree.children.length < number) tree.append(emptyRow());
  const prefix = waterfall.tree.id ||= `rows-${figure.querySelector("input").name}`;
  for (let index = 0; index < number; index += 1) {
    const at = first + index;
    fillRow(tree.children[index], rows[at], at, waterfall, prefix);
    tree.children[index].style.transform = `translateY(${index * pitch - shift}px)`;
    tree.children[index].style.height = `${pitch}px`;
  }
  if (waterfall.chosen === null || waterfall.at < first || waterfall.at >= first + number) tree.removeAttribute("aria-activedescendant");
  else tree.setAttribute("aria-activedescendant", `${prefix}-${waterfall.at}`);
}

function emptyRow() {
  const row = element("div", "row");
  row.setAttribute("role", "treeitem");
  const name = element("span", "name");
  name.append(element("i", "twisty"), element("span", "what"), element("small"));
  row.append(name);
  return row;
}

function fillRow(box, row, at, waterfall, prefix) {
  const { left, narrow, marked, chosen, rows } = waterfall;
  const key = `${waterfall.model.number} ${row.key} ${row.open} ${row.parts}`;
  if (box.dataset.key !== key) {
    box.dataset.key = key;
    const [name] = box.children;
    const [twisty, what, where] = name.children;
    twisty.textContent = row.parts ? (row.open ? "▾" : "▸") : "";
    what.textContent = row.lane ? row.lane.name : row.node.call.name;
    where.textContent = row.lane ? counted(row.lane.nodes.length, "call") : row.node.call.line;
    name.style.paddingLeft = `${0.2 + row.depth * 0.9}rem`;
    box.setAttribute("aria-label", spoken(row));
    box.setAttribute("aria-level", row.depth + 1);
    if (row.parts) box.setAttribute("aria-expanded", row.open);
    else box.removeAttribute("aria-expanded");
    box.classList.toggle("lane", Boolean(row.lane));
    box.classList.toggle("failed", Boolean(row.node?.call.error));
  }
  box.id = `${prefix}-${at}`;
  box.dataset.at = at;
  box.setAttribute("aria-posinset", at + 1);
  box.setAttribute("aria-setsize", rows.length);
  box.setAttribute("aria-selected", row.key === chosen);
  box.classList.toggle("marked", Boolean(marked && row.node && marked.has(row.node.call.id)));
  box.classList.toggle("dimmed", Boolean(marked && row.node && !marked.has(row.node.call.id)));
  box.firstElementChild.style.width = narrow ? "100%" : `${left - 8}px`;
}

// Wheel, pointers and keys of the waterfall.

const DRAG_FROM = 5;

function addGestures(waterfall) {
  addWheel(waterfall);
  addPointers(waterfall);
  addHover(waterfall);
  waterfall.tree.addEventListener("keydown", (event) => pressed(waterfall, event));
}

/** The wheel zooms once the chart was clicked, or with Ctrl (as a pinch on a touchpad tells it); else the page scrolls. */
function addWheel(waterfall) {
  waterfall.pane.addEventListener(
    "wheel",
    (event) => {
      const x = across(waterfall, event);
      const asked = event.ctrlKey || event.metaKey;
      if (!asked && (x < waterfall.left || document.activeElement !== waterfall.tree)) return;
      const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      const way = (event.deltaX || event.deltaY) * (event.deltaMode === 1 ? 16 : 1);
      const changed = sideways
        ? waterfall.span.move((way / waterfall.pane.clientWidth) * waterfall.span.length)
        : waterfall.span.zoom(Math.exp(Math.max(-200, Math.min(200, event.deltaY * (event.deltaMode === 1 ? 16 : 1))) * 0.0025), waterfall.moment(x));
      if (!changed && !asked) return;
      event.preventDefault();
      waterfall.respan();
    },
    { passive: false },
  );
}

function across(waterfall, event) {
  return event.clientX - waterfall.pane.getBoundingClientRect().left;
}

function rowAt(waterfall, event) {
  const y = event.clientY - waterfall.pane.getBoundingClientRect().top + waterfall.flow.scrollTop;
  return Math.floor(y / waterfall.pitch);
}

/** Drag: a mouse chooses the span to see, with Shift it moves; a finger moves, two zoom. */
function addPointers(waterfall) {
  const { pane } = waterfall;
  const down = new Map();
  const selection = pane.appendChild(element("div", "selection"));
  selection.hidden = true;
  let dragged = false;

  pane.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    dragged = false;
    const x = across(waterfall, event);
    if (event.pointerType === "mouse" && x < waterfall.left) return;
    down.set(event.pointerId, { start: x, x, from: waterfall.span.from, to: waterfall.span.to });
  });

  pane.addEventListener("pointermove", (event) => {
    const pointer = down.get(event.pointerId);
    if (!pointer) return;
    const before = pointer.x;
    pointer.x = across(waterfall, event);
    if (!dragged && Math.abs(pointer.x - pointer.start) < DRAG_FROM) return;
    if (!dragged) pane.setPointerCapture(event.pointerId);
    dragged = true;
    waterfall.tip.hidden = true;
    const perPixel = waterfall.span.length / Math.max(1, pane.clientWidth - waterfall.left);
    if (down.size === 2) {
      const other = [...down.values()].find((each) => each !== pointer);
      const [was, is] = [Math.abs(before - other.x), Math.abs(pointer.x - other.x)];
      if (was > 8 && is > 8) waterfall.span.zoom(was / is, waterfall.moment((pointer.x + other.x) / 2));
    } else if (event.pointerType !== "mouse" || event.shiftKey) waterfall.span.move((before - pointer.x) * perPixel);
    else {
      const [left, right] = [Math.max(waterfall.left, Math.min(pointer.start, pointer.x)), Math.max(pointer.start, pointer.x)];
      Object.assign(selection.style, { left: `${left}px`, width: `${right - left}px` });
      selection.hidden = false;
      return;
    }
    waterfall.respan();
  });

  const up = (event) => {
    const pointer = down.get(event.pointerId);
    down.delete(event.pointerId);
    if (!pointer || selection.hidden) return;
    selection.hidden = true;
    if (event.type === "pointerup") {
      const [from, to] = [pointer.start, pointer.x].map((x) => waterfall.moment(Math.max(waterfall.left, x))).toSorted((one, other) => one - other);
      waterfall.span.set(from, to);
      waterfall.respan();
    }
  };
  pane.addEventListener("pointerup", up);
  pane.addEventListener("pointercancel", up);

  pane.addEventListener("click", (event) => {
    waterfall.tree.focus({ preventScroll: true });
    if (dragged) return;
    const at = rowAt(waterfall, event);
    if (at >= waterfall.rows.length) return;
    waterfall.choose(at);
    if (event.target.closest(".twisty") || waterfall.rows[at].lane) waterfall.toggle(waterfall.rows[at]);
  });
  pane.addEventListener("dblclick", (event) => waterfall.zoomTo(waterfall.rows[rowAt(waterfall, event)]));
}

function addHover(waterfall) {
  const { pane, tip, flow } = waterfall;
  let told = null;
  pane.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse" || event.buttons) return;
    const row = waterfall.rows[rowAt(waterfall, event)];
    if (!row) return hide();
    if (told !== row) tipIn(tip, row, waterfall.model);
    told = row;
    tip.hidden = false;
    const room = flow.getBoundingClientRect();
    const [x, y] = [event.clientX - room.left, event.clientY - room.top];
    const { offsetWidth: width, offsetHeight: height } = tip;
    tip.style.left = `${Math.max(0, x + 14 + width < room.width ? x + 14 : x - width - 14)}px`;
    tip.style.top = `${flow.offsetTop + (y + 18 + height < innerHeight - room.top ? y + 18 : y - height - 10)}px`;
  });
  const hide = () => {
    tip.hidden = true;
    told = null;
  };
  pane.addEventListener("pointerleave", hide);
  flow.addEventListener("scroll", hide);
}

function pressed(waterfall, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const row = waterfall.rows[waterfall.at];
  const page = Math.max(1, Math.floor(waterfall.height / waterfall.pitch) - 1);
  const parent = () => {
    for (let at = waterfall.at - 1; at >= 0; at -= 1) if (waterfall.rows[at].depth < row.depth) return at;
    return waterfall.at;
  };
  const sideways = (way) => {
    waterfall.span.move(way * waterfall.span.length * 0.2);
    waterfall.respan();
  };
  const keys = {
    ArrowDown: () => waterfall.choose(waterfall.at + 1),
    ArrowUp: () => waterfall.choose(waterfall.at - 1),
    PageDown: () => waterfall.choose(waterfall.at + page),
    PageUp: () => waterfall.choose(waterfall.at - page),
    Home: () => waterfall.choose(0),
    End: () => waterfall.choose(waterfall.rows.length - 1),
    ArrowRight: () => (event.shiftKey ? sideways(1) : waterfall.toggle(row, true) || (row?.open && waterfall.choose(waterfall.at + 1))),
    ArrowLeft: () => (event.shiftKey ? sideways(-1) : waterfall.toggle(row, false) || (row && waterfall.choose(parent()))),
    Enter: () => waterfall.zoomTo(row),
    "+": () => waterfall.zoomBy("in"),
    "=": () => waterfall.zoomBy("in"),
    "-": () => waterfall.zoomBy("out"),
    0: () => waterfall.zoomBy("all"),
    Escape: () => (waterfall.marked ? waterfall.figure.dispatchEvent(new CustomEvent("unmark", { bubbles: true })) : waterfall.zoomBy("all")),
    "/": () => waterfall.search.focus(),
  };
  if (!Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]();
}

// The waterfall of one invocation: one bar a call, on a time axis that all variants share.

// Above this many calls, calls of one worker share a row and the time axis can be zoomed.
const ROW_A_CALL = 60;
// Milliseconds; what is shorter comes of rounding.
const TOO_SHORT = 0.001;

/** Length, and what it was spent on. Waiting never exceeds what the computing leaves. */
function parts(call) {
  const length = call.end_ms - call.start_ms;
  const computing = Math.min(call.computing_ms, length);
  const waiting = Math.min(call.waiting_ms, length - computing);
  return { length, waiting, computing, throttled: Math.max(0, length - waiting - computing) };
}

/** The calls of the run's recorded invocation that are no part of another. */
function callsOf(run) {
  return (run.recording?.calls ?? []).filter((call) => call.parent === null).map((call) => ({ ...call, lane: call.thread }));
}

/** When the recorded invocation answered. */
function answerTime(run) {
  return run.recording?.duration_ms ?? 0;
}

/** The sums over the calls of a run, in words. */
function waterfallSums(run) {
  const sums = { waiting: 0, computing: 0, throttled: 0 };
  for (const call of callsOf(run)) {
    const spent = parts(call);
    for (const part in sums) sums[part] += spent[part];
  }
  const count = callsOf(run).length === 1 ? "1 call" : `${callsOf(run).length.toLocaleString("en-US")} calls`;
  const names = new Set(callsOf(run).map((call) => call.name));
  return (
    `${count}${names.size === 1 ? ` of ${callsOf(run)[0].name}` : ""}, together ${milliseconds(sums.waiting)} ms waiting, ${milliseconds(sums.computing)} ms computing, ` +
    `${milliseconds(sums.throttled)} ms held up`
  );
}

/** Draw the calls of `run` into `container`, on an axis from 0 to at least `longest`. */
function drawWaterfall(container, run, look, longest) {
  const calls = callsOf(run).toSorted((one, other) => one.start_ms - other.start_ms || one.end_ms - other.end_ms);
  const crowded = calls.length > ROW_A_CALL;
  const lanes = [...new Set(calls.map((call) => call.lane))];
  const rows = crowded ? lanes.length : calls.length;
  // Many bars of one name are named once, in the heading.
  const named = !crowded && (rows <= 4 || new Set(calls.map((call) => call.name)).size > 1) && rows <= 24;
  const pitch = rows <= 4 ? 22 : named ? 16 : 10;
  const barHeight = pitch - (pitch > 10 ? 5 : 3);
  const width = container.clientWidth;
  const step = niceStep(longest, Math.max(3, Math.min(10, Math.floor(width / 62))));
  const end = Math.ceil(longest / step - 1e-9) * step;
  const zoom = crowded ? 34 : 0;
  container.style.height = `${rows * pitch + 26 + zoom}px`;

  const ink = colour("ink");
  const hue = colour(`look-${look}`);
  const tint = colour(`tint-${look}`);
  const paper = colour("paper");
  const font = getComputedStyle(document.body).fontFamily;
  const hatch = { symbol: "rect", symbolSize: 1, dashArrayX: [1, 0], dashArrayY: [1.5, 2.5], rotation: -Math.PI / 4, color: hue };

  function bar(parameters, api) {
    const call = calls[parameters.dataIndex];
    const spent = parts(call);
    const row = crowded ? lanes.indexOf(call.lane) : parameters.dataIndex;
    const [left, middle] = api.coord([call.start_ms, row]);
    const [right] = api.coord([call.end_ms, row]);
    const area = parameters.coordSys;
    const y = Math.round(middle - barHeight / 2);
    const scale = (right - left) / (spent.length || 1);
    const children = [];
    let x = left;
    const rectangle = (from, length, { lineWidth, ...fill }) => {
      // At least a pixel for what took any time at all, so that a short call is not invisible; in a crowd that
      // pixel would hide its neighbours, and so would a border.
      const shape = { x: from, y, width: crowded ? length : Math.max(length, 1), height: barHeight };
      const style = { ...fill, lineWidth: length > 3 ? lineWidth : 0 };
      const clipped = echarts.graphic.clipRectByRect(shape, { x: area.x, y: area.y, width: area.width + 1, height: area.height });
      if (clipped) children.push({ type: "rect", shape: clipped, style });
    };
    for (const [part, style] of [
      ["waiting", { fill: tint, stroke: hue, lineWidth: 0.75 }],
      ["computing", { fill: hue, lineWidth: 0 }],
      ["throttled", { fill: paper, stroke: hue, lineWidth: 0.75, decal: hatch }],
    ]) {
      if (spent[part] < TOO_SHORT) continue;
      rectangle(x, spent[part] * scale, style);
      x += spent[part] * scale;
    }
    if (named) children.push(label(call.name, left, right, middle, area));
    return { type: "group", children };
  }

  /** The call's name: after its bar where there is room, before it where there is more, else on it. */
  function label(name, left, right, middle, area) {
    const style = { text: name, fill: ink, font: `11px ${font}`, verticalAlign: "middle", y: middle, overflow: "truncate", ellipsis: "…" };
    const after = area.x + area.width - right - 6;
    const before = left - area.x - 6;
    const needed = name.length * 6.2;
    const halo = { stroke: paper, lineWidth: 3 };
    if (after >= needed || (after >= before && after >= 90)) Object.assign(style, halo, { x: right + 6, width: after });
    else if (before >= needed || before >= 90) Object.assign(style, halo, { x: left - 6, width: before, align: "right" });
    else Object.assign(style, { stroke: tint, lineWidth: 3, x: left + 5, width: right - left - 10 });
    return { type: "text", style, silent: true };
  }

  function describe({ dataIndex }) {
    const call = calls[dataIndex];
    const spent = parts(call);
    return tooltip([
      call.name,
      `${milliseconds(call.start_ms)} to ${milliseconds(call.end_ms)} ms: ${milliseconds(spent.length)} ms`,
      `waiting ${milliseconds(spent.waiting)} ms`,
      `computing ${milliseconds(spent.computing)} ms`,
      `held up ${milliseconds(spent.throttled)} ms`,
    ]);
  }

  const chart = echarts.init(container, null, { renderer: "svg", width, height: rows * pitch + 26 + zoom });
  chart.setOption({
    animation: false,
    grid: { left: 2, right: 22, top: 2, bottom: 24 + zoom, containLabel: false },
    xAxis: {
      type: "value",
      min: 0,
      max: end,
      interval: step,
      axisLine: { show: true, onZero: false, lineStyle: { color: colour("rule") } },
      axisTick: { show: false },
      axisLabel: {
        color: colour("soft"),
        fontSize: 11,
        fontFamily: font,
        alignMinLabel: "left",
        alignMaxLabel: "right",
        formatter: (value) => (value === 0 ? "0 ms" : value.toLocaleString("en-US")),
      },
      splitLine: { lineStyle: { color: colour("rule"), width: 0.75 } },
    },
    yAxis: { type: "value", min: -0.5, max: rows - 0.5, inverse: true, show: false },
    tooltip: { ...tooltipStyle(), trigger: "item", formatter: describe },
    dataZoom: crowded
      ? [
          {
            type: "slider",
            xAxisIndex: 0,
            filterMode: "none",
            height: 18,
            bottom: 4,
            showDetail: false,
            showDataShadow: false,
            brushSelect: false,
            borderColor: colour("rule"),
            fillerColor: tint,
            handleStyle: { color: paper, borderColor: hue },
            moveHandleSize: 0,
          },
        ]
      : [],
    series: [
      {
        type: "custom",
        renderItem: bar,
        z: 6,
        encode: { x: [0, 1], y: 2 },
        data: calls.map((call, index) => [call.start_ms, call.end_ms, crowded ? lanes.indexOf(call.lane) : index]),
        markLine: {
          silent: true,
          z: 5,
          symbol: "none",
          label: { show: false },
          lineStyle: { color: ink, width: 1, type: "solid" },
          data: [{ xAxis: answerTime(run) }],
        },
      },
    ],
  });
  container.setAttribute("role", "img");
  container.setAttribute(
    "aria-label",
    `Waterfall of one invocation, ${run.variant}, ${run.memory_mb} MB: ${waterfallSums(run)}; ` +
      `answered after ${milliseconds(answerTime(run))} ms.`,
  );
  return chart;
}

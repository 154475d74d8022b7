// Duration against memory: one line a variant, whiskers up to the 95th percentile, the ideal as a thin reference.

// Durations further apart than this are drawn on a logarithmic scale.
const LINEAR_UP_TO = 6;

/** Draw the runs of one example into `container`; `looks` gives each variant its look. Returns chart and scale. */
function drawCurve(container, runs, looks) {
  const memories = [...new Set(runs.map((run) => run.memory_mb))].toSorted((one, other) => one - other);
  const variants = [...new Set(runs.map((run) => run.variant))];
  const ideals = idealsByMemory(runs);
  const values = runs.flatMap((run) => [run.p50_ms, run.p95_ms]).concat([...ideals.values()].filter((value) => value > 0));
  const low = Math.min(...values);
  const high = Math.max(...values);
  const logarithmic = high / low > LINEAR_UP_TO;
  const height = logarithmic ? Math.log10 : (value) => value;
  const ticks = logarithmic ? oneTwoFive(low, high) : linearTicks(high);
  const position = Math.log2;
  const span = position(memories.at(-1)) - position(memories[0]) || 1;
  const ink = colour("ink");
  const soft = colour("soft");
  const rule = colour("rule");
  const font = getComputedStyle(document.body).fontFamily;

  const series = [...ideals].length
    ? [
        {
          type: "line",
          name: "ideal",
          data: [...ideals].map(([memory, ideal]) => [position(memory), height(ideal)]),
          symbol: "none",
          silent: true,
          lineStyle: { color: ink, width: 1, type: [1, 3] },
          z: 1,
        },
      ]
    : [];
  variants.forEach((variant, index) => {
    const look = LOOKS[looks[variant]];
    const hue = colour(`look-${looks[variant]}`);
    const own = runs.filter((run) => run.variant === variant);
    // Variants that are equally fast stand a little beside each other, so that none hides another.
    const shift = (index - (variants.length - 1) / 2) * span * (9 / container.clientWidth);
    const points = own.map((run) => [position(run.memory_mb) + shift, height(run.p50_ms), height(run.p95_ms)]);
    series.push({
      type: "custom",
      data: points,
      encode: { x: 0, y: [1, 2] },
      silent: true,
      z: 2,
      renderItem: (parameters, api) => whisker(api, hue),
    });
    series.push({
      type: "line",
      name: variant,
      data: points.map(([x, y], at) => ({ value: [x, y], run: own[at] })),
      encode: { x: 0, y: 1 },
      symbol: look.symbol,
      symbolSize: 9,
      lineStyle: { color: hue, width: 2, type: look.dash },
      itemStyle: { color: hue, borderColor: hue, borderWidth: look.symbol.startsWith("empty") ? 2 : 0 },
      emphasis: { disabled: true },
      z: 3,
    });
  });

  const chart = echarts.init(container, null, { renderer: "svg", width: container.clientWidth });
  const text = { color: soft, fontSize: 11, fontFamily: font };
  chart.setOption({
    animation: false,
    grid: { left: 52, right: 28, top: 24, bottom: 42 },
    xAxis: {
      type: "value",
      min: position(memories[0]) - span * 0.05,
      max: position(memories.at(-1)) + span * 0.05,
      name: "memory, MB",
      nameLocation: "middle",
      nameGap: 26,
      nameTextStyle: text,
      axisLine: { show: true, onZero: false, lineStyle: { color: soft } },
      axisTick: { show: true, customValues: memories.map(position), lineStyle: { color: soft } },
      axisLabel: { ...text, customValues: memories.map(position), formatter: (value) => String(Math.round(2 ** value)) },
      splitLine: { show: false },
    },
    yAxis: {
      type: "value",
      min: height(ticks[0]),
      max: height(ticks.at(-1)),
      name: "ms",
      nameGap: 8,
      nameTextStyle: { ...text, align: "right", padding: [0, 6, 0, 0] },
      axisLine: { show: false },
      axisTick: { show: false, customValues: ticks.map(height) },
      axisLabel: {
        ...text,
        customValues: ticks.map(height),
        formatter: (value) => Number((logarithmic ? 10 ** value : value).toPrecision(6)).toLocaleString("en-US"),
      },
      splitLine: { lineStyle: { color: rule, width: 0.75 } },
    },
    tooltip: { ...tooltipStyle(), trigger: "item", formatter: ({ data }) => describeRun(data.run) },
    series,
  });
  container.setAttribute("aria-label", curveInWords(runs, variants, logarithmic));
  return { chart, logarithmic, variants };
}

/** The shortest ideal at each memory size: no variant can be faster than its longest chain of waits. */
function idealsByMemory(runs) {
  const ideals = new Map();
  for (const run of runs) {
    if (run.ideal_ms > 0) ideals.set(run.memory_mb, Math.min(run.ideal_ms, ideals.get(run.memory_mb) ?? Infinity));
  }
  return ideals;
}

function whisker(api, hue) {
  const [x, bottom] = api.coord([api.value(0), api.value(1)]);
  const [, top] = api.coord([api.value(0), api.value(2)]);
  const style = { stroke: hue, lineWidth: 1.25 };
  return {
    type: "group",
    children: [
      { type: "line", shape: { x1: x, y1: bottom, x2: x, y2: top }, style },
      { type: "line", shape: { x1: x - 4, y1: top, x2: x + 4, y2: top }, style },
    ],
  };
}

function oneTwoFive(low, high) {
  const all = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const factor of [1, 2, 5]) all.push(factor * 10 ** power);
  }
  const first = all.findLastIndex((tick) => tick <= low);
  const last = all.findIndex((tick) => tick >= high);
  return all.slice(first, last + 1);
}

function linearTicks(high) {
  const step = niceStep(high, 6);
  return Array.from({ length: Math.ceil(high / step - 1e-9) + 1 }, (_, index) => index * step);
}

function describeRun(run) {
  const lines = [`${run.variant}, ${run.memory_mb} MB`, `p50 ${milliseconds(run.p50_ms)} ms`, `p95 ${milliseconds(run.p95_ms)} ms`];
  if (run.ideal_ms) lines.push(`ideal ${milliseconds(run.ideal_ms)} ms`);
  lines.push(`${run.durations_ms.length} warm invocations`);
  return tooltip(lines);
}

function curveInWords(runs, variants, logarithmic) {
  const lines = variants.map((variant) => {
    const own = runs.filter((run) => run.variant === variant);
    return `${variant}: ${own.map((run) => `${milliseconds(run.p50_ms)} ms at ${run.memory_mb} MB`).join(", ")}`;
  });
  return `Median duration against memory${logarithmic ? ", logarithmic scale" : ""}. ${lines.join("; ")}.`;
}

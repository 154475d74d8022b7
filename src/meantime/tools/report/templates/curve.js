// Duration against memory: one line a variant, whiskers up to the 95th percentile, the ideal as a thin reference.

/** Draw the runs of one example into `container`; `looks` gives each variant its look. Returns chart and scale. */
function drawCurve(container, runs, looks) {
  const memories = [...new Set(runs.map((run) => run.memory_mb))].toSorted((one, other) => one - other);
  const variants = [...new Set(runs.map((run) => run.variant))];
  const ideals = idealsByMemory(runs);
  const values = runs.flatMap((run) => [run.p50_ms, run.p95_ms]).concat([...ideals.values()].filter((value) => value > 0));
  const { option, height, logarithmic } = durationAxis(values);
  const position = Math.log2;
  const span = position(memories.at(-1)) - position(memories[0]) || 1;
  const ink = colour("ink");

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
  chart.setOption({
    animation: false,
    grid: { left: 56, right: 28, top: 26, bottom: 42 },
    xAxis: categoryAxis(memories, "memory, MB"),
    yAxis: option,
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

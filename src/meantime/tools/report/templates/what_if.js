// What an invocation would take with more of its calls at once: a predicted line with its band for each memory size,
// and over it what was measured.

/** Draw the predictions of one executor into `container`; returns the chart. */
function drawWhatIf(container, predictions) {
  const memories = sortedUnique(predictions.map((one) => one.memory_mb));
  const widths = sortedUnique(predictions.map((one) => one.max_concurrency));
  const values = predictions.flatMap(({ duration_ms: { low, high }, measured_ms: measured }) => [low, high, measured ?? low]).filter((value) => value > 0);
  const axis = durationAxis(values);
  const series = memories.flatMap((memory, index) => {
    const own = predictions.filter((one) => one.memory_mb === memory).toSorted((one, other) => one.max_concurrency - other.max_concurrency);
    const hue = colour(`look-${(index % 6) + 1}`);
    const at = (one) => Math.log2(one.max_concurrency);
    const edge = [...own.map((one) => [at(one), axis.height(one.duration_ms.high)]), ...own.toReversed().map((one) => [at(one), axis.height(Math.max(one.duration_ms.low, axis.low))])];
    return [
      {
        type: "custom",
        data: [[0, 0]],
        silent: true,
        z: 1,
        renderItem: (parameters, api) => ({ type: "polygon", shape: { points: edge.map((point) => api.coord(point)) }, style: { fill: hue, opacity: 0.16 } }),
      },
      {
        type: "line",
        name: `${memory} MB`,
        data: own.map((one) => ({ value: [at(one), axis.height(one.duration_ms.value)], one })),
        symbol: LOOKS[(index % 6) + 1].symbol,
        symbolSize: 5,
        lineStyle: { color: hue, width: 2, type: LOOKS[(index % 6) + 1].dash },
        itemStyle: { color: hue },
        emphasis: { disabled: true },
        z: 2,
      },
      {
        type: "scatter",
        data: own.filter((one) => one.measured_ms !== null).map((one) => ({ value: [at(one), axis.height(one.measured_ms)], one })),
        symbol: "diamond",
        symbolSize: 13,
        itemStyle: { color: colour("paper"), borderColor: hue, borderWidth: 2.5 },
        emphasis: { disabled: true },
        z: 3,
      },
    ];
  });
  const chart = echarts.init(container, null, { renderer: "svg", width: container.clientWidth });
  const tell = ({ data }) => data?.one && tooltip(whatIfInWords(data.one));
  chart.setOption({
    animation: false,
    grid: { left: 56, right: 22, top: 26, bottom: 42 },
    xAxis: categoryAxis(widths, "max_concurrency"),
    yAxis: axis.option,
    tooltip: { ...tooltipStyle(), trigger: "item", formatter: tell },
    series,
  });
  const lines = memories.map((memory) => {
    const own = predictions.filter((one) => one.memory_mb === memory);
    return `${memory} MB: ${own.map((one) => whatIfInWords(one).slice(1).join(", ")).join("; ")}`;
  });
  container.setAttribute("aria-label", `Predicted duration against max_concurrency, ${predictions[0].executor}. ${lines.join(". ")}.`);
  return { chart, memories, logarithmic: axis.logarithmic };
}

function whatIfInWords({ executor, max_concurrency, memory_mb, duration_ms, measured_ms }) {
  const lines = [
    `${memory_mb} MB, ${executor}`,
    `max_concurrency ${max_concurrency}`,
    `predicted ${milliseconds(duration_ms.value)} ms (${milliseconds(duration_ms.low)} to ${milliseconds(duration_ms.high)})`,
  ];
  if (measured_ms !== null) lines.push(`measured ${milliseconds(measured_ms)} ms`);
  return lines;
}

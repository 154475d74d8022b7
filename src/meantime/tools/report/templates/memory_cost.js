// Speed and cost over memory, as Lambda Power Tuning draws them: two lines, an axis each, and the sizes that are best.

const COST_LOOK = 3;
const SPEED_LOOK = 2;

/** Draw memory points into `container`; `best` may be null. Returns the chart. */
function drawMemoryCost(container, points, best) {
  const sorted = points.toSorted((one, other) => one.memory_mb - other.memory_mb);
  const sizes = sortedUnique(sorted.map((one) => one.memory_mb));
  const speed = durationAxis(sorted.flatMap(({ duration_ms: { value, high } }) => [value, high]), { name: "", look: SPEED_LOOK });
  const cost = durationAxis(sorted.flatMap(({ cost_per_million_usd: { value, high } }) => [value, high]), { name: "", look: COST_LOOK, unit: "$", grid: false });
  const chart = echarts.init(container, null, { renderer: "svg", width: container.clientWidth });
  chart.setOption({
    animation: false,
    grid: { left: 56, right: 56, top: best ? 44 : 16, bottom: 42 },
    xAxis: categoryAxis(sizes, "memory, MB"),
    yAxis: [speed.option, { ...cost.option, position: "right" }],
    tooltip: { ...tooltipStyle(), trigger: "item", formatter: ({ data }) => data?.one && tooltip(pointInWords(data.one)) },
    series: [
      ...lineOf(sorted, "duration_ms", SPEED_LOOK, 0, speed),
      ...lineOf(sorted, "cost_per_million_usd", COST_LOOK, 1, cost),
      ...(best ? [bestLines(best)] : []),
    ],
  });
  container.setAttribute("aria-label", `Duration and cost by memory. ${sorted.map((one) => pointInWords(one).join(", ")).join("; ")}.`);
  return chart;
}

function lineOf(points, field, look, yAxisIndex, { height, low }) {
  const hue = colour(`look-${look}`);
  const at = (one) => Math.log2(one.memory_mb);
  return [
    {
      type: "custom",
      yAxisIndex,
      data: points.map((one) => [at(one), height(Math.max(one[field].low, low)), height(one[field].high)]),
      encode: { x: 0, y: [1, 2] },
      silent: true,
      z: 2,
      renderItem: (parameters, api) => whisker(api, hue, true),
    },
    {
      type: "line",
      yAxisIndex,
      name: field,
      data: points.map((one) => ({
        value: [at(one), height(one[field].value)],
        one,
        itemStyle: { color: one.measured ? hue : colour("paper"), borderColor: hue, borderWidth: 2 },
      })),
      symbol: LOOKS[look].symbol,
      symbolSize: 9,
      lineStyle: { color: hue, width: 2, type: LOOKS[look].dash },
      emphasis: { disabled: true },
      z: 3,
    },
  ];
}

/** Upright lines at the best sizes; a size that is best for two things bears both words. */
function bestLines({ speed_mb, cost_mb, balance_mb }) {
  const words = new Map();
  for (const [memory, word] of [[cost_mb, "cost"], [balance_mb, "balance"], [speed_mb, "speed"]]) words.set(memory, [...(words.get(memory) ?? []), word]);
  const ordered = [...words].toSorted(([one], [other]) => one - other);
  return {
    type: "line",
    data: [],
    markLine: {
      silent: true,
      symbol: "none",
      lineStyle: { color: colour("soft"), width: 1, type: [2, 3] },
      data: ordered.map(([memory, best], index) => ({
        xAxis: Math.log2(memory),
        label: {
          formatter: `best for\n${best.join(", ")}`,
          color: colour("ink"),
          fontSize: 11,
          lineHeight: 13,
          fontFamily: getComputedStyle(document.body).fontFamily,
          // At the edges of the chart the words would be cut off.
          align: index === 0 ? "left" : index === ordered.length - 1 ? "right" : "center",
        },
      })),
    },
  };
}

function pointInWords({ memory_mb, duration_ms, cost_per_million_usd, measured }) {
  const range = ({ low, high }, written) => `(${written(low)} to ${written(high)})`;
  const dollars = (value) => `$${value.toFixed(2)}`;
  return [
    `${memory_mb} MB, ${measured ? "measured" : "predicted"}`,
    `${milliseconds(duration_ms.value)} ms ${range(duration_ms, milliseconds)}`,
    `${dollars(cost_per_million_usd.value)} a million ${range(cost_per_million_usd, dollars)}`,
  ];
}

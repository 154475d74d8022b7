// Speed and cost over memory, as Lambda Power Tuning draws them: two lines, an axis each, and the sizes that are best.

const COST_LOOK = 3;
const SPEED_LOOK = 2;
const MARGIN = 56; // pixels beside the chart
const LABEL_HEIGHT = 16;
const LETTER = 6.5; // pixels, about

/** Draw memory points into `container`; `best` may be null. Returns the chart. */
function drawMemoryCost(container, points, best) {
  const sorted = points.toSorted((one, other) => one.memory_mb - other.memory_mb);
  const sizes = sortedUnique(sorted.map((one) => one.memory_mb));
  const speed = durationAxis(sorted.flatMap(({ duration_ms: { value, high } }) => [value, high]), { name: "", look: SPEED_LOOK });
  const lines = best ? bestLines(best, sizes, container.clientWidth - 2 * MARGIN) : null;
  const cost = durationAxis(sorted.flatMap(({ cost_per_million_usd: { value, high } }) => [value, high]), { name: "", look: COST_LOOK, unit: "$", grid: false });
  const chart = echarts.init(container, null, { renderer: "svg", width: container.clientWidth });
  chart.setOption({
    animation: false,
    grid: { left: MARGIN, right: MARGIN, top: lines ? 18 + LABEL_HEIGHT * lines.levels : 16, bottom: 42 },
    xAxis: categoryAxis(sizes, "memory, MB"),
    yAxis: [speed.option, { ...cost.option, position: "right" }],
    tooltip: { ...tooltipStyle(), trigger: "item", formatter: ({ data }) => data?.one && tooltip(pointInWords(data.one)) },
    series: [
      ...lineOf(sorted, "duration_ms", SPEED_LOOK, 0, speed),
      ...lineOf(sorted, "cost_per_million_usd", COST_LOOK, 1, cost),
      ...(lines ? [lines.series] : []),
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

/** Upright lines at the best sizes; a size that is best for two things bears both words, and no words stand on others. */
function bestLines({ speed_mb, cost_mb, balance_mb }, sizes, width) {
  const words = new Map();
  for (const [memory, word] of [[cost_mb, "cost"], [balance_mb, "balance"], [speed_mb, "speed"]]) words.set(memory, [...(words.get(memory) ?? []), word]);
  const ordered = [...words].toSorted(([one], [other]) => one - other);
  const [first, last] = [Math.log2(sizes[0]), Math.log2(sizes.at(-1))];
  const ends = []; // of each level: up to where there are words
  const placed = ordered.map(([memory, best]) => {
    const text = `best for ${best.join(", ")}`;
    const at = last > first ? (width * (Math.log2(memory) - first)) / (last - first) : width / 2;
    const long = text.length * LETTER;
    // At the edges of the chart the words would be cut off.
    const align = at < long / 2 ? "left" : at > width - long / 2 ? "right" : "center";
    const begin = align === "left" ? at : align === "right" ? at - long : at - long / 2;
    let level = ends.findIndex((end) => end < begin);
    if (level < 0) level = ends.length;
    ends[level] = begin + long + LETTER;
    return { memory, text, align, level };
  });
  const series = {
    type: "line",
    data: [],
    markLine: {
      silent: true,
      symbol: "none",
      lineStyle: { color: colour("soft"), width: 1, type: [2, 3] },
      data: placed.map(({ memory, text, align, level }) => ({
        xAxis: Math.log2(memory),
        label: {
          formatter: text,
          distance: 4 + LABEL_HEIGHT * level,
          color: colour("ink"),
          fontSize: 11,
          backgroundColor: colour("paper"), // the line of another size may pass behind it
          fontFamily: getComputedStyle(document.body).fontFamily,
          align,
        },
      })),
    },
  };
  return { series, levels: ends.length };
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

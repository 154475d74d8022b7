// Axes that several charts share.

// Durations further apart than this are drawn on a logarithmic scale.
const LINEAR_UP_TO = 6;

function sortedUnique(values) {
  return [...new Set(values)].toSorted((one, other) => one - other);
}

function axisText() {
  return { color: colour("soft"), fontSize: 11, fontFamily: getComputedStyle(document.body).fontFamily };
}

/** A vertical axis for these durations: linear from 0, or logarithmic where they lie far apart. */
function durationAxis(values, { name = "ms", grid = true, look = null, unit = "" } = {}) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const logarithmic = high / low > LINEAR_UP_TO;
  const height = logarithmic ? Math.log10 : (value) => value;
  const ticks = logarithmic ? oneTwoFive(low, high) : linearTicks(high);
  const option = {
    type: "value",
    min: height(ticks[0]),
    max: height(ticks.at(-1)),
    name,
    nameGap: 8,
    nameTextStyle: { ...axisText(), align: "right", padding: [0, 6, 0, 0] },
    axisLine: { show: false },
    axisTick: { show: false, customValues: ticks.map(height) },
    axisLabel: {
      ...axisText(),
      ...(look && { color: colour(`text-${look}`) }),
      customValues: ticks.map(height),
      formatter: (value) => unit + Number((logarithmic ? 10 ** value : value).toPrecision(6)).toLocaleString("en-US"),
    },
    splitLine: { show: grid, lineStyle: { color: colour("rule"), width: 0.75 } },
  };
  return { option, height, logarithmic, low: ticks[0] };
}

/** A horizontal axis of doublings: memory sizes, numbers at once. */
function categoryAxis(values, name) {
  const [first, last] = [Math.log2(values[0]), Math.log2(values.at(-1))];
  const margin = (last - first || 1) * 0.05;
  const text = axisText();
  return {
    type: "value",
    min: first - margin,
    max: last + margin,
    name,
    nameLocation: "middle",
    nameGap: 26,
    nameTextStyle: text,
    axisLine: { show: true, onZero: false, lineStyle: { color: colour("soft") } },
    axisTick: { show: true, customValues: values.map(Math.log2), lineStyle: { color: colour("soft") } },
    axisLabel: { ...text, hideOverlap: true, customValues: values.map(Math.log2), formatter: (value) => String(Math.round(2 ** value)) },
    splitLine: { show: false },
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

/** A vertical line from low to high with a cap at each end. */
function whisker(api, hue, both = false) {
  const [x, bottom] = api.coord([api.value(0), api.value(1)]);
  const [, top] = api.coord([api.value(0), api.value(2)]);
  const style = { stroke: hue, lineWidth: 1.25 };
  const cap = (y) => ({ type: "line", shape: { x1: x - 4, y1: y, x2: x + 4, y2: y }, style });
  return { type: "group", children: [{ type: "line", shape: { x1: x, y1: bottom, x2: x, y2: top }, style }, cap(top), ...(both ? [cap(bottom)] : [])] };
}

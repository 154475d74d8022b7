// How variants and numbers look: one place, shared by both charts.
"use strict";

const LOOKS = {
  1: { symbol: "circle", dash: "solid" },
  2: { symbol: "rect", dash: [7, 3] },
  3: { symbol: "triangle", dash: [2, 3] },
  4: { symbol: "diamond", dash: [9, 3, 2, 3] },
  5: { symbol: "emptyCircle", dash: [4, 4] },
  6: { symbol: "emptyRect", dash: [12, 4] },
};

const probe = document.body.appendChild(document.createElement("i"));
probe.hidden = true;

/** The colour that a CSS variable has under the theme of this moment, as `rgb(…)`. */
function colour(name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

/** Milliseconds with as many decimals as they are worth: 1,234 or 34.5 or 1.23. */
function milliseconds(value) {
  const decimals = value >= 100 || value < 0.005 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** An element with text in it; text stays text, whatever it holds. */
function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** The sample of a variant's line and marker, as the tables show it. */
function sample(look) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `sample look-${look}`);
  svg.setAttribute("viewBox", "0 0 34 12");
  svg.setAttribute("width", "34");
  svg.setAttribute("height", "12");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#look-${look}`);
  svg.append(use);
  return svg;
}

/** A step of 1, 2 or 5 times a power of ten that divides `length` into at most `parts`. */
function niceStep(length, parts) {
  const power = 10 ** Math.floor(Math.log10(length / parts));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => length / step <= parts);
}

/** What every tooltip shares: a plain box, inside the chart, made of text nodes. */
function tooltip(lines) {
  const box = element("div", "tip");
  box.append(element("b", "", lines[0]));
  for (const line of lines.slice(1)) box.append(element("div", "", line));
  return box;
}

function tooltipStyle() {
  return {
    backgroundColor: colour("paper"),
    borderColor: colour("rule"),
    borderWidth: 1,
    padding: [6, 10],
    transitionDuration: 0,
    confine: true,
    textStyle: { color: colour("ink") },
    extraCssText: "box-shadow: none; border-radius: 3px;",
  };
}

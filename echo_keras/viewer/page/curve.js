// The area along the frames as SVG, with its band, ED and ES, and the current frame.

const NAMES = "http://www.w3.org/2000/svg";
const MARGIN = { left: 58, right: 16, top: 26, bottom: 26 };

export function draw(svg, study, now) {
  const frame = layout(svg, study);
  svg.replaceChildren();
  drawAxes(svg, study, frame);
  const { x, y } = frame;
  const known = study.found.map((found, number) => ({ ...found, number }));
  if (known.length > 1) {
    const above = known.map((f) => [x(f.number), y(f.high)]);
    const below = known.map((f) => [x(f.number), y(f.low)]).reverse();
    add(svg, "polygon", { class: "band", points: [...above, ...below].join(" ") });
    const line = known.map((f) => [x(f.number), y(f.area)]);
    add(svg, "polyline", { class: "line", points: line.join(" ") });
  }
  for (const [number, phase] of study.phases) {
    const at = [x(number), y(study.found[number].area)];
    add(svg, "circle", { class: phase, cx: at[0], cy: at[1], r: 4.5 });
    const label = phase === "ED" ? at[1] - 10 : at[1] + 19;
    const inside = Math.min(Math.max(at[0], MARGIN.left + 12), frame.right - 12);
    const text = { class: phase, x: inside, y: label, "text-anchor": "middle" };
    add(svg, "text", text, phase);
  }
  add(svg, "line", { class: "now", x1: x(now), x2: x(now), y1: 6, y2: frame.bottom });
}

export function frameAt(svg, study, clientX) {
  const box = svg.getBoundingClientRect();
  const share = (clientX - box.left - MARGIN.left) / (box.width - MARGIN.left - MARGIN.right);
  return Math.round(Math.min(Math.max(share, 0), 1) * (study.frames - 1));
}

function layout(svg, study) {
  const box = svg.getBoundingClientRect();
  const right = box.width - MARGIN.right;
  const bottom = box.height - MARGIN.bottom;
  const largest = Math.max(...study.found.map((f) => f.high), 1);
  // Room below, lest ES stand on the axis; the axis need not begin at 0.
  const least = 0.85 * Math.min(...study.found.map((f) => f.low), largest);
  const last = Math.max(study.frames - 1, 1);
  const tall = (bottom - MARGIN.top) / (largest - least || 1);
  return {
    right, bottom, least, largest,
    x: (number) => MARGIN.left + (number / last) * (right - MARGIN.left),
    y: (area) => bottom - (area - least) * tall,
  };
}

function drawAxes(svg, study, { x, y, right, bottom, least, largest }) {
  const unit = study.area_unit === "cm^2" ? "cm²" : "px";
  const scale = study.area_scale;
  const step = round((largest - least) * scale / 4);
  const first = Math.ceil(least * scale / step) * step;
  add(svg, "text", { x: MARGIN.left - 8, y: 16, "text-anchor": "end" }, unit);
  const last = study.found.length ? largest * scale : -1;
  for (let value = first; value <= last; value += step) {
    const height = y(value / scale);
    add(svg, "line", { class: "grid", x1: MARGIN.left, x2: right, y1: height, y2: height });
    const at = { x: MARGIN.left - 8, y: height + 4, "text-anchor": "end" };
    add(svg, "text", at, `${+value.toPrecision(6)}`);
  }
  const rate = study.rate || 1;
  const beat = round((study.frames - 1) / rate / 6) || 1;
  for (let time = 0; time * rate <= study.frames - 1; time += beat) {
    const at = { x: x(time * rate), y: bottom + 18, "text-anchor": "middle" };
    const told = study.rate ? `${+time.toPrecision(3)} s` : `${time ? "" : "frame "}${Math.round(time)}`;
    add(svg, "text", at, told);
  }
}

function round(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  return [1, 2, 5, 10].find((factor) => factor * power >= value) * power;
}

function add(parent, name, attributes, text) {
  const element = document.createElementNS(NAMES, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
}

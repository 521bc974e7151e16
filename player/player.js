// The player: draws the recorded networks of network.js at any epoch of their training, and answers questions.
"use strict";

const SMALL = 24; // pixels a side in the picture of a unit, a quarter of the grid's
const MARGIN = { left: 40, top: 20, width: 46, height: 50 }; // pixels round a map or curve: one side, both sides
const LABELS = content.questions ? ["no", "yes"] : content.names;

const $ = (id) => document.getElementById(id);
const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
const rgb = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
const short = (x) => (x && (Math.abs(x) >= 1e4 || Math.abs(x) < 1e-3) ? x.toExponential(1) : x.toFixed(3));
const times = (n, make) => Array.from({ length: n }, (_, k) => make(k));
const element = (tag, properties, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children); // text stays text: no name can become markup
  return made;
};

// ---- What is shown: all of it stands in the address ----------------------------------------------------------------
const state = { epoch: 0, epochs: [], set: "test", question: 0, point: null, hover: null, playing: false, panels: [] };

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const number = (key, low, high, other) => (/^\d+$/.test(given.get(key)) ? clamp(+given.get(key), low, high) : other);
  const point = (given.get("point") ?? "").split(",").map(Number);
  state.point = point.length === 2 && point.every(Number.isFinite) ? point : null;
  state.set = $("set").value = given.get("set") === "train" ? "train" : "test";
  state.question = content.questions ? number("label", 1, content.names.length, 1) - 1 : 0;
  const numbers = [number("run", 1, content.runs.length, 1), number("with", 0, content.runs.length, 0)].filter(Boolean);
  state.panels = numbers.map((n) => ({ number: n, run: content.runs[n - 1], memory: {} }));
  $("panels").replaceChildren(...state.panels.map(buildPanel));
  $("panels").className = numbers[1] ? "two" : "one";
  state.panels.forEach((panel, p) => {
    panel.unit = panel.units.find(({ name }) => name === given.get(p ? "unit2" : "unit")) ?? null;
    const off = (given.get(p ? "off2" : "off") ?? "").split(",");
    panel.off = new Set(off.filter((name) => panel.edges.some((edge) => edge.name === name)));
  });
  state.epochs = [...new Set(state.panels.flatMap(({ run }) => run.epochs))].sort((a, b) => a - b);
  [$("slider").max, $("run").value, $("with").value] = [state.epochs.length - 1, numbers[0], numbers[1] ?? 0];
  $("question").value = state.question;
  setEpoch(number("epoch", 0, Infinity, Infinity));
}

function address(changes) {
  const all = { run: state.panels[0].number, with: state.panels[1]?.number, epoch: state.epoch, set: state.set };
  for (const [ending, panel] of [["", state.panels[0]], ["2", state.panels[1]]]) {
    Object.assign(all, { [`unit${ending}`]: panel?.unit?.name, [`off${ending}`]: panel && [...panel.off].join() });
  }
  Object.assign(all, { label: content.questions && state.question + 1, point: state.point?.map((x) => x.toFixed(4)) });
  const said = Object.entries({ ...all, ...changes }).filter(([key, value]) => value || key === "epoch");
  return "#" + said.map((pair) => pair.join("=")).join("&");
}

function setEpoch(wanted) { // goes to the last recorded epoch that is not after the wanted one
  $("slider").value = Math.max(0, state.epochs.findLastIndex((epoch) => epoch <= wanted));
  state.epoch = state.epochs[$("slider").value];
  redraw();
}

const step = (by) => setEpoch(state.epochs[clamp(+$("slider").value + by, 0, state.epochs.length - 1)]);

function redraw() { // soon, and once for all that changes until then
  redraw.asked ||= requestAnimationFrame(frame);
  clearTimeout(redraw.later); // browsers refuse many changes of the address a second
  redraw.later = setTimeout(() => history.replaceState(null, "", address()), 150);
}

function play(on) {
  clearInterval(play.timer);
  [state.playing, $("play").textContent] = [on, on ? "Pause" : "Play"];
  if (on && state.epoch === state.epochs.at(-1)) setEpoch(0);
  const next = () => (state.epoch === state.epochs.at(-1) ? play(false) : step(1));
  if (on) play.timer = setInterval(next, 1000 / $("speed").value);
}

const truth = ({ y, n }) => (content.questions ? y.slice(state.question * n, (state.question + 1) * n) : y);

// Runs the network of a panel on the grid and on both sets, unless nothing has changed since the last time.
function compute(panel) {
  const { run, off, memory } = panel;
  const snapshot = Math.max(0, run.epochs.findLastIndex((epoch) => epoch <= state.epoch));
  const key = [snapshot, state.question, ...off].join();
  if (panel.result?.key === key) return panel.result;
  const weights = run.weights.subarray(snapshot * run.size, (snapshot + 1) * run.size);
  const result = { key, snapshot, weights, broken: !weights.every(Number.isFinite), wrong: {} };
  result.grid = forward(run, snapshot, grid, GRID * GRID, off, (memory.grid ??= []));
  for (const [name, set] of Object.entries(content.data)) {
    const stages = forward(run, snapshot, set.X, set.n, off, (memory[name] ??= []));
    const { labels } = decide(run, stages.at(-1).after, set.n, state.question);
    result.wrong[name] = truth(set).flatMap((label, i) => (label === labels[i] ? [] : [i]));
    if (name === "train") result.train = stages;
  }
  return (panel.result = result);
}

// ---- Drawing -------------------------------------------------------------------------------------------------------

let theme; // colours of the style sheet, light or dark
const [NEGATIVE, POSITIVE] = ["#0072B2", "#D55E00"];

function fitted(canvas) { // an empty canvas, as sharp as the screen
  const [width, height, ratio] = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio || 1];
  Object.assign(canvas, { width: width * ratio, height: height * ratio });
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  return { context, width, height };
}

function line(context, points, strokeStyle, lineWidth, dash = []) {
  Object.assign(context, { strokeStyle, lineWidth }).setLineDash(dash);
  context.beginPath();
  for (const [x, y] of points) if (Number.isFinite(y)) context.lineTo(x, y);
  context.stroke();
}

// Draws frame and scales; returns the context, the frame, and the functions from values to pixels.
function axes(canvas, [x0, x1], [y0, y1], xLabel, yLabel) {
  const { context, width, height } = fitted(canvas);
  const [left, top, w, h] = [MARGIN.left, MARGIN.top, width - MARGIN.width, height - MARGIN.height];
  const toX = (x) => left + ((x - x0) / (x1 - x0)) * w;
  const toY = (y) => top + ((y1 - y) / (y1 - y0)) * h;
  const ticks = (low, high) => {
    const power = 10 ** Math.floor(Math.log10((high - low) / 4));
    const gap = [1, 2, 5, 10].map((k) => k * power).find((size) => (high - low) / size <= 4);
    const first = Math.ceil(low / gap);
    return times(Math.floor(high / gap) - first + 1, (k) => +((first + k) * gap).toPrecision(6));
  };
  const write = (text, x, y, textAlign) => Object.assign(context, { textAlign }).fillText(text, x, y);
  Object.assign(context, { font: "11px system-ui, sans-serif", fillStyle: theme.muted, strokeStyle: theme.line });
  context.strokeRect(left, top, w, h);
  for (const x of ticks(x0, x1)) write(x, toX(x), top + h + 13, "center");
  for (const y of ticks(y0, y1)) write(y, left - 4, toY(y) + 4, "right");
  write(xLabel, left + w / 2, top + h + 26, "center");
  write(yLabel, left, top - 6, "left");
  return { context, box: [left, top, w, h], toX, toY, write };
}

// Fills a square canvas: each pixel is paper, mixed with a colour as far as `mixAt` says.
function paint(canvas, side, colorAt, mixAt) {
  const [image, paper] = [new ImageData(side, side), rgb(theme.paper)];
  for (let i = 0; i < side * side; i++) {
    const [color, mix] = [colorAt(i), mixAt(i)];
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = paper[c] + mix * (color[c] - paper[c]);
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function paintUnit(canvas, side, values, u) { // the activation of a unit; every map has its own scale
  const [mine, every] = [values.subarray(u * GRID * GRID, (u + 1) * GRID * GRID), GRID / side];
  const largest = mine.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-9);
  const at = (i) => mine[Math.floor(i / side) * every * GRID + (i % side) * every];
  const [low, high] = [rgb(NEGATIVE), rgb(POSITIVE)];
  paint(canvas, side, (i) => (at(i) < 0 ? low : high), (i) => (0.75 * Math.abs(at(i))) / largest);
}

function drawMap({ find, run, unit }, result) {
  const { context, box, toX, toY } = axes(find(".map"), [X1, X1_END], [X2, X2_END], "x1", "x2");
  const [{ X, n }, wrong, m] = [content.data[state.set], result.wrong[state.set], GRID * GRID];
  const point = state.hover ?? state.point;
  const circles = (places, radius, strokeStyle, fillStyle) => {
    context.beginPath();
    for (const [x, y] of places) [context.moveTo(toX(x) + radius, toY(y)), context.arc(toX(x), toY(y), radius, 0, 7)];
    Object.assign(context, { strokeStyle, fillStyle, lineWidth: fillStyle ? 0.7 : 1.2 });
    if (fillStyle) context.fill();
    context.stroke();
  };
  if (!result.broken) {
    const [cells, z] = [new OffscreenCanvas(GRID, GRID), result.grid.at(-1).after];
    const [{ labels, sure }, colors] = [decide(run, z, m, state.question), content.colors.map(rgb)];
    if (unit) paintUnit(cells, GRID, result.grid[unit.s].after, unit.u);
    else paint(cells, GRID, (i) => colors[labels[i]], (i) => 0.7 * sure[i]);
    context.drawImage(cells, 0.5, 0.5, GRID - 1, GRID - 1, ...box); // the centres of its outer pixels at the edge
    const classes = run.several ? [...content.names.keys()] : [state.question];
    const best = (i, but) => classes.reduce((most, j) => (j === but ? most : Math.max(most, z[j * m + i])), -Infinity);
    const lead = (k) => (i) => (run.several ? z[k * m + i] - best(i, k) : logit(run, z, m, k, i)); // of class k
    const [left, top, w, h] = box;
    const outline = (field, lineWidth) => {
      context.beginPath();
      for (const [from, to] of zeroLine(field)) {
        context.moveTo(left + from[0] * w, top + from[1] * h);
        context.lineTo(left + to[0] * w, top + to[1] * h);
      }
      Object.assign(context, { strokeStyle: theme.curve, lineWidth }).stroke();
    };
    for (const k of classes) outline(lead(k), unit ? 0.7 : 1.6);
    if (unit) outline((i) => result.grid[unit.s].before[unit.u * m + i], 2.4);
  }
  const labels = truth(content.data[state.set]);
  content.colors.forEach((color, k) => {
    const mine = labels.flatMap((label, i) => (label === k ? [[X[i], X[n + i]]] : []));
    circles(mine, n > 400 ? 2.4 : 3.2, theme.paper, color);
  });
  if (!result.broken) circles(wrong.map((i) => [X[i], X[n + i]]), 5.5, theme.curve);
  if (point) for (const radius of [1, 8, 10]) circles([point], radius, theme.curve);
  const count = result.broken ? "wrong: unknown" : `wrong: ${wrong.length} of ${n}`;
  const asked = content.questions ? `${content.names[state.question]}: ` : "";
  find(".wrong").textContent = count;
  find(".what").textContent = unit ? `What ${run.unitName(unit.s, unit.u)} computes` : `${asked}What the network says`;
  find(".map").ariaLabel = `Map of ${run.name}, epoch ${state.epoch}, ${state.set} points, ${count}. Arrows move one.`;
}

function drawCurve({ run }, canvas, metric, label, levels) {
  const series = [["train", theme.faint], ["test", theme.curve]].filter(([set]) => run.curves[`${set}_${metric}`])
    .map(([set, color]) => [[...run.curves[`${set}_${metric}`]], color]);
  canvas.hidden = !series.length;
  if (canvas.hidden) return;
  const heights = [...series.flatMap(([values]) => values), ...Object.values(levels)].filter(Number.isFinite);
  const all = heights.sort((a, b) => a - b);
  const pad = 0.06 * (all.at(-1) - all[0]) || 0.1;
  const [low, high, last] = [all[0] - pad, all.at(-1) + 3 * pad, Math.max(1, state.epochs.at(-1))];
  const { context, toX, toY, write } = axes(canvas, [0, last], [low, high], "epoch", label);
  for (const [name, level] of Object.entries(levels)) {
    line(context, [[toX(0), toY(level)], [toX(last), toY(level)]], theme.faint, 1, [4, 3]);
    write(name, toX(last) - 4, toY(level) - 4, "right");
  }
  for (const [values, color] of series) line(context, values.map((y, x) => [toX(x), toY(y)]), color, 1.2);
  const now = toX(Math.min(state.epoch, run.epochs.at(-1)));
  line(context, [[now, toY(low)], [now, toY(high)]], POSITIVE, 2);
  canvas.ariaLabel = `${label} by epoch; train in grey, test in ${theme.curve === "#000000" ? "black" : "white"}`;
}

function drawNetwork(panel, { weights, train, grid, broken }) {
  const { run, find, off, unit, edge, size, columns } = panel;
  const { context, width, height } = fitted(find(".edges"));
  const onTrain = (s, u, when) => train[s][when].subarray(...[u, u + 1].map((x) => x * content.data.train.n));
  for (const one of panel.edges) {
    const x = [one.s, one.s + 1].map((c) => (c / (columns.length - 1)) * (width - size) + (c === one.s ? size : 0));
    const y = [one.k, one.u].map((row, c) => ((row + 0.5) / columns[one.s + c]) * height);
    one.ends = [[x[0], y[0]], [x[1], y[1]]];
    const [weight, grey] = [weights[one.at], off.has(one.name) || broken];
    const part = grey ? 0.1 : Math.min(1, Math.abs(weight) / run.largest);
    const chosen = edge === one || (unit?.s === one.s && unit.u === one.u);
    context.globalAlpha = chosen ? 1 : (unit ? 0.3 : 1) * (0.25 + 0.75 * part);
    const color = grey ? theme.faint : weight < 0 ? NEGATIVE : POSITIVE;
    line(context, one.ends, color, 0.5 + 4 * part, off.has(one.name) ? [2, 4] : []);
  }
  const dead = [];
  for (const one of panel.units) {
    const { s, u, button } = one;
    const isDead = !broken && run.stages[s].activations.length && !onTrain(s, u, "after").some((x) => x !== 0);
    if (isDead) dead.push(one.name);
    if (broken) paint(button.firstChild, SMALL, () => [128, 128, 128], () => 0.4);
    else paintUnit(button.firstChild, SMALL, grid[s].after, u);
    button.classList.toggle("dead", isDead);
    button.ariaPressed = one === unit;
    button.title = button.ariaLabel = run.unitName(s, u) + (isDead ? ", dead" : "");
  }
  const said = dead.length ? `Dead, 0 for every training point: ${dead.join(", ")} (layer.unit).` : "No unit is dead.";
  find(".state").textContent = broken ? "" : !edge ? said : `The weight from ${run.inputName(edge.s, edge.k)} to `
    + `${run.unitName(edge.s, edge.u)} is ${short(weights[edge.at])}${off.has(edge.name) ? ", off" : ""}.`;
  find(".restore").hidden = !off.size;
  find(".unit").hidden = !unit;
  if (!unit) return;
  const mine = panel.edges.filter(({ s, u }) => s === unit.s && u === unit.u);
  const stage = run.stages[unit.s];
  const active = onTrain(unit.s, unit.u, "before").reduce((on, x) => on + (x > 0), 0) / content.data.train.n;
  const bias = weights[stage.first + stage.inputs * stage.outputs + unit.u];
  const terms = mine.map(({ at, name, k }) => `${short(off.has(name) ? 0 : weights[at])} x${k + 1}`).join(" + ");
  const plane = unit.s ? "" : `Its half-plane: ${terms} + ${short(bias)} > 0. `.replaceAll("+ -", "- ");
  const side = `${(100 * active).toFixed(1)} % of the training points are on the side where it is`;
  find(".formula").textContent = `${plane}Thick line: 0 before the activation; ${side} above.`;
  const label = ({ at, k }) => `${unit.s ? `unit ${k + 1}` : `x${k + 1}`}: ${short(weights[at])}`;
  find(".weights").replaceChildren(...mine.map((one) => element("button", { type: "button", textContent: label(one),
    title: "Switch this weight off or on", ariaPressed: off.has(one.name), onclick: () => toggle(panel, one.name) })));
}

const toggle = ({ off }, name) => redraw(off.delete(name) || off.add(name));

function drawAnswer({ find, run, off }, { snapshot, broken }) {
  const [point, rows] = [state.hover ?? state.point, []];
  if (point && !broken) {
    const stages = forward(run, snapshot, Float32Array.from(point), 1, off);
    const z = stages.at(-1).after;
    const asked = run.several ? [...content.names.keys()] : [state.question];
    rows.push(["x1, x2", point], ...stages.slice(0, -1).map(({ after }, s) => [`hidden layer ${s + 1}`, [...after]]));
    rows.push(["logit", [...z]], ["probability", asked.map((k) => sigmoid(logit(run, z, 1, k, 0)))]);
    rows.push(["label", [LABELS[decide(run, z, 1, state.question).labels[0]]]]);
  }
  const kind = state.hover ? "This point" : "The held point";
  find("caption").textContent = point ? kind : "Point at the map to ask the network.";
  const cell = (x) => element("span", {}, typeof x === "string" ? x : short(x));
  find("tbody").replaceChildren(...rows.map(([name, row]) =>
    element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, ...row.map(cell)))));
}

function frame() {
  redraw.asked = 0;
  $("epoch").textContent = $("slider").ariaValueText = `epoch ${state.epoch}`;
  for (const panel of state.panels) {
    const [{ run, find, off }, result] = [panel, compute(panel)];
    const right = (name) => (100 - (100 * result.wrong[name].length) / content.data[name].n).toFixed(2);
    const ablated = `Weights off: ${off.size} | Accuracy: ${right("train")}% | Test accuracy: ${right("test")}%`;
    find(".log").textContent = run.log[result.snapshot];
    find(".warning").textContent = result.broken ? `From epoch ${run.broken} on, weights are NaN (not a number) or `
      + "infinite: there is nothing to draw." : off.size ? ablated : "";
    drawMap(panel, result);
    drawCurve(panel, find(".curve"), "loss", "loss", {});
    drawCurve(panel, find(".curve + .curve"), "acc", "accuracy in %", content.references);
    drawNetwork(panel, result);
    drawAnswer(panel, result);
  }
}

// ---- Building and controls -----------------------------------------------------------------------------------------

function buildPanel(panel) {
  const [root, { run }] = [$("panel").content.firstElementChild.cloneNode(true), panel];
  const find = (panel.find = (selector) => root.querySelector(selector));
  find(".name").textContent = run.name;
  find(".restore").onclick = () => redraw(panel.off.clear());
  LABELS.forEach((name, k) => {
    const mark = element("i");
    mark.style.background = content.colors[k];
    find(".legend li:last-child").before(element("li", {}, mark, name));
  });
  const map = find(".map");
  const pick = ({ offsetX, offsetY }) => { // the features under the pointer, none outside the frame
    const x = (offsetX - MARGIN.left) / (map.clientWidth - MARGIN.width);
    const y = (offsetY - MARGIN.top) / (map.clientHeight - MARGIN.height);
    return Math.min(x, y) < 0 || Math.max(x, y) > 1 ? null : [X1 + x * (X1_END - X1), X2_END - y * (X2_END - X2)];
  };
  map.onpointermove = (event) => redraw(state.hover = pick(event));
  map.onpointerleave = () => redraw(state.hover = null);
  map.onclick = (event) => redraw(state.point = pick(event));
  for (const curve of root.querySelectorAll(".curve")) {
    curve.onpointerdown = curve.onpointermove = ({ buttons, offsetX }) => buttons
      && setEpoch(((offsetX - MARGIN.left) / (curve.clientWidth - MARGIN.width)) * state.epochs.at(-1));
  }

  const columns = (panel.columns = [run.stages[0].inputs, ...run.stages.map((stage) => stage.outputs)]);
  const size = (panel.size = clamp(Math.floor(400 / Math.max(...columns)), 22, 44)); // of a unit, in pixels
  find(".network").style.height = `${Math.max(...columns) * (size + 4)}px`;
  const put = (made, c, u) => {
    const left = `calc((100% - ${size}px) * ${c / (columns.length - 1)})`;
    const top = `calc(${(100 * (u + 0.5)) / columns[c]}% - ${size / 2}px)`;
    Object.assign(made.style, { left, top, width: `${size}px`, height: `${size}px` });
    find(".network").append(made);
    return made;
  };
  for (const k of [0, 1]) put(element("span", { className: "input" }, `x${k + 1}`), 0, k);
  panel.units = run.stages.flatMap((stage, s) => times(stage.outputs, (u) => {
    const button = element("button", { type: "button" }, element("canvas", { width: SMALL, height: SMALL }));
    const unit = { name: `${s + 1}.${u + 1}`, s, u, button: put(button, s + 1, u) };
    button.onclick = () => redraw(panel.unit = panel.unit === unit ? null : unit);
    return unit;
  }));
  panel.edges = panel.units.flatMap(({ name, s, u }) => times(columns[s], (k) => (
    { name: `${name}.${k + 1}`, s, u, k, at: run.stages[s].first + u * columns[s] + k })));
  const nearest = ({ offsetX, offsetY }) => { // the edge under the pointer, none beyond 6 pixels
    const away = ({ ends: [[x0, y0], [x1, y1]] }) =>
      offsetX < x0 || offsetX > x1 ? 99 : Math.abs(y0 + ((offsetX - x0) / (x1 - x0)) * (y1 - y0) - offsetY);
    const best = panel.edges.reduce((a, b) => (away(b) < away(a) ? b : a));
    return away(best) < 6 ? best : null;
  };
  find(".edges").onpointermove = (event) => redraw(panel.edge = nearest(event));
  find(".edges").onpointerleave = () => redraw(panel.edge = null);
  find(".edges").onclick = (event) => nearest(event) && toggle(panel, nearest(event).name);
  return root;
}

const restart = (changes) => readAddress(history.replaceState(null, "", address(changes)));
for (const id of ["run", "with"]) $(id).append(...content.runs.map(({ name }, r) => new Option(name, r + 1)));
content.names.forEach((name, k) => $("question").append(new Option(name, k)));
for (const label of document.querySelectorAll(".several")) label.hidden = content.runs.length < 2;
$("question").parentNode.hidden = !content.questions;
$("run").onchange = () => restart({ run: $("run").value, unit: "", off: "" });
$("with").onchange = () => restart({ with: $("with").value, unit2: "", off2: "" });
$("set").onchange = () => redraw(state.set = $("set").value);
$("question").onchange = () => redraw(state.question = +$("question").value);
$("speed").onchange = () => play(state.playing);
$("play").onclick = () => play(!state.playing);
$("slider").oninput = () => setEpoch(state.epochs[$("slider").value]);
document.onkeydown = (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.tagName === "SELECT") return;
  const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  if (arrow && event.target.className === "map") {
    const [x, y] = state.point ?? [(X1 + X1_END) / 2, (X2 + X2_END) / 2];
    const [dx, dy] = [(arrow[0] * (X1_END - X1)) / 50, (arrow[1] * (X2_END - X2)) / 50];
    redraw(state.point = [clamp(x + dx, X1, X1_END), clamp(y + dy, X2, X2_END)]);
  } else if (arrow?.[0]) step(arrow[0]);
  else if (event.key === "Home") setEpoch(0);
  else if (event.key === "End") setEpoch(Infinity);
  else if (event.key === " " && event.target.tagName !== "BUTTON") play(!state.playing);
  else if (event.key === "Escape") redraw(state.point = null, state.panels.forEach((panel) => (panel.unit = null)));
  else return;
  event.preventDefault(); // the page does not scroll, and the slider does not move a second time
};

function readTheme() { // dark mode and printing change the colours
  const style = getComputedStyle(document.documentElement);
  const names = ["paper", "muted", "line", "curve", "faint"];
  theme = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}
for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).onchange = () => redraw(readTheme());
new ResizeObserver(redraw).observe($("panels"));
addEventListener("hashchange", readAddress);
readTheme();
readAddress(); // and draw

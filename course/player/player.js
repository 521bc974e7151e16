// The player: the recorded networks of a page at any epoch of their training, and answers to questions about them.
// What never changes stands in the page already, written by page.py: frames, curves, units, lists of choices.
// What `content` holds, field by field, is said in contract.py.
// Values of a layer are one Float32Array a unit: values[u][i] is unit u at point i. Names count from 1, as people do:
// "2.3" is unit 3 of layer 2, "2.3.1" its weight for input 1.
"use strict";

const $ = (id) => document.getElementById(id);
const content = JSON.parse($("content").textContent);
const [X1, X1_END, X2, X2_END] = content.limits;
const GRID = 96; // points a side at which a network is asked for a map
const [NEGATIVE, POSITIVE] = [[0, 114, 178], [213, 94, 0]]; // colours of weights and activations

const sigmoid = (z) => 1 / (1 + Math.exp(-z));
const short = (x) => (x && (Math.abs(x) >= 1e4 || Math.abs(x) < 1e-3) ? x.toExponential(1) : x.toFixed(3));
const floats = (text) => new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
// a place on the map, from 0 to 1 from the left and from the top, as x1 and x2; and the other way
const toFeatures = ([x, y]) => [X1 + x * (X1_END - X1), X2_END - y * (X2_END - X2)];
const toPlace = ([x1, x2]) => [(x1 - X1) / (X1_END - X1), (X2_END - x2) / (X2_END - X2)];

// ---- What a network computes ---------------------------------------------------------------------------------------

const grid = [0, 1].map((k) => Float32Array.from({ length: GRID * GRID }, // row by row from the top, as pictures are
  (_, i) => toFeatures([(i % GRID) / (GRID - 1), Math.floor(i / GRID) / (GRID - 1)])[k]));

const ACTIVATIONS = { // NaN stays NaN in all of them
  relu: (z) => (z < 0 ? 0 : z),
  leaky_relu: (z, slope) => (z < 0 ? slope * z : z),
  tanh: Math.tanh,
  sigmoid,
};

// Returns the values of each stage before and after its activations.
function forward(stages, weights, inputs) {
  let given = inputs;
  return stages.map((stage) => {
    const before = Array.from({ length: stage.outputs }, (_, u) => {
      const values = new Float32Array(given[0].length).fill(weights[stage.biases_at + u]);
      given.forEach((input, k) => {
        const weight = weights[stage.weights_at + u * stage.inputs + k];
        for (let i = 0; i < values.length; i++) values[i] += weight * input[i];
      });
      return values;
    });
    const after = before.map((values) => values.slice());
    for (const [name, slope] of stage.activations) {
      const activation = ACTIVATIONS[name];
      for (const values of after) for (let i = 0; i < values.length; i++) values[i] = activation(values[i], slope);
    }
    given = after;
    return { before, after };
  });
}

// Returns the logit of the probability of output k at point i: without softmax the output itself.
function logit(run, outputs, k, i) {
  if (!run.softmax) return outputs[k][i];
  let [top, others] = [-Infinity, 0]; // taking away the largest keeps exp() in range
  outputs.forEach((values, j) => { if (j !== k) top = Math.max(top, values[i]); });
  outputs.forEach((values, j) => { if (j !== k) others += Math.exp(values[i] - top); });
  return outputs[k][i] - top - Math.log(others);
}

// Returns each point's label, and how sure it is: 0 where classes are equal, 1 at a probability of 1.
function decide(run, outputs) {
  const [K, labels, sure] = [outputs.length, new Uint8Array(outputs[0].length), new Float32Array(outputs[0].length)];
  for (let i = 0; i < sure.length; i++) {
    const largest = () => outputs.reduce((k, values, j) => (values[i] > outputs[k][i] ? j : k), 0);
    const k = run.several ? largest() : question();
    const p = sigmoid(logit(run, outputs, k, i));
    labels[i] = run.several ? k : p >= 0.5;
    sure[i] = run.several ? (p - 1 / K) / (1 - 1 / K) : Math.abs(2 * p - 1);
  }
  return { labels, sure };
}

// Runs the network on the grid and on both sets.
function compute(run) {
  const snapshot = Math.max(0, run.epochs.findLastIndex((epoch) => epoch <= state.epoch));
  const recorded = run.weights.subarray(snapshot * run.size, (snapshot + 1) * run.size);
  const weights = recorded.slice();
  for (const edge of run.edges) if (run.off.has(edge.name)) weights[edge.at] = 0;
  run.now = { snapshot, recorded, weights, broken: !recorded.every(Number.isFinite), wrong: {} };
  run.now.grid = forward(run.stages, weights, grid);
  for (const [name, { X, y }] of Object.entries(content.data)) {
    const stages = forward(run.stages, weights, X);
    const { labels } = decide(run, stages.at(-1).after);
    run.now.wrong[name] = y[question()].flatMap((label, i) => (label === labels[i] ? [] : [i]));
    if (name === "train") run.now.train = stages;
  }
}

// ---- What is shown: the lists of choices hold a part of it, the address all of it ----------------------------------

const state = { shown: [], epochs: [], epoch: 0, point: null, hover: null, playing: false };
const question = () => Math.max(0, $("label").value - 1); // the output that answers, where not classes compete
const asked = (run) => (run.several ? [...content.classes.keys()] : [question()]);

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const id of ["run", "with", "set", "label"]) {
    $(id).value = given.get(id) ?? $(id).querySelector("[selected]")?.value;
    if ($(id).selectedIndex < 0) $(id).selectedIndex = 0; // the list does not hold it
  }
  const point = (given.get("point") ?? "").split(",").map(Number);
  state.point = point.length === 2 && point.every(Number.isFinite) ? point : null;
  state.epoch = parseFloat(given.get("epoch"));
  show();
  state.shown.forEach((run, p) => {
    const [unit, off] = ["unit", "off"].map((key) => given.get(key + ["", 2][p]) ?? "");
    run.unit = run.units.find(({ name }) => name === unit);
    run.off = new Set(off.split(",").filter((name) => run.edges.some((edge) => edge.name === name)));
  });
}

function address() {
  const [first, second] = state.shown;
  const all = { run: first.number, with: content.runs[1] && $("with").value }; // 0, nothing, is a choice too
  Object.assign(all, { epoch: `${state.epoch}`, set: $("set").value });
  Object.assign(all, { unit: first.unit?.name, unit2: second?.unit?.name });
  Object.assign(all, { off: [...first.off].join(), off2: second && [...second.off].join() });
  Object.assign(all, { label: $("label").value, point: state.point?.map((x) => x.toFixed(4)) });
  return "#" + Object.entries(all).filter(([, value]) => value).map((pair) => pair.join("=")).join("&");
}

function show() { // the chosen run, and maybe another one beside it
  const chosen = [$("run"), $("with")].map(({ value }) => content.runs[value - 1]); // value 0: nothing
  state.shown = [...new Set(chosen)].filter(Boolean);
  $("panels").replaceChildren(...state.shown.map(({ root }) => root));
  state.epochs = [...new Set(state.shown.flatMap(({ epochs }) => epochs))].sort((a, b) => a - b);
  $("slider").max = state.epochs.length - 1;
  setEpoch(state.epoch);
}

function goTo(position) { // among the epochs; the slider keeps it between its ends
  $("slider").value = position;
  state.epoch = state.epochs[$("slider").value];
  redraw();
}

const step = (by) => goTo(+$("slider").value + by);
const toggle = ({ off }, { name }) => redraw(off.delete(name) || off.add(name));
const setEpoch = (wanted) => goTo(state.epochs.findLastIndex((epoch) => !(epoch > wanted))); // NaN: to the end

function redraw() { // soon, and once for all that changes until then
  redraw.waiting ||= requestAnimationFrame(frame);
  clearTimeout(redraw.later); // browsers refuse many changes of the address a second
  redraw.later = setTimeout(() => history.replaceState(null, "", address()), 150);
}

function play(on) {
  clearTimeout(state.playing);
  $("play").textContent = on ? "Pause" : "Play";
  if (on && state.epoch === state.epochs.at(-1)) goTo(0);
  const next = () => { step(1); play(state.epoch < state.epochs.at(-1)); };
  state.playing = on && setTimeout(next, 1000 / $("speed").value);
}

// ---- Drawing -------------------------------------------------------------------------------------------------------

// Fills a square canvas: each pixel has a colour, as opaque as `mixAt` says.
function paint(canvas, colorAt, mixAt) {
  const image = new ImageData(canvas.width, canvas.width);
  for (let i = 0; i < canvas.width ** 2; i++) {
    image.data.set(colorAt(i), 4 * i);
    image.data[4 * i + 3] = 255 * mixAt(i);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function paintUnit(canvas, values) { // its activation on the grid; every map has its own scale
  const [side, every] = [canvas.width, GRID / canvas.width]; // small maps leave out most of the points
  const shown = new Float32Array(side * side);
  for (let i = 0; i < shown.length; i++) shown[i] = values[Math.floor(i / side) * every * GRID + (i % side) * every];
  const largest = shown.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-9);
  paint(canvas, (i) => (shown[i] < 0 ? NEGATIVE : POSITIVE), (i) => (0.75 * Math.abs(shown[i])) / largest);
}

// Returns the line on which values on the grid are zero, in cells: marching squares.
function zeroLine(values) {
  const path = new Path2D();
  for (let i = 0; i < GRID * (GRID - 1); i++) {
    const [x, y] = [i % GRID, Math.floor(i / GRID)];
    const above = (values[i] >= 0) + (values[i + 1] >= 0) + (values[i + GRID] >= 0) + (values[i + GRID + 1] >= 0);
    if (x === GRID - 1 || above === 0 || above === 4) continue;
    const corners = [[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]]; // clockwise
    let inside = false; // the line enters the cell at one side, and leaves it at the next
    for (let k = 0; k < 4; k++) {
      const [[x0, y0], [x1, y1]] = [corners[k], corners[k + 1]];
      const [from, to] = [values[y0 * GRID + x0], values[y1 * GRID + x1]];
      if (from >= 0 === to >= 0) continue;
      const part = from / (from - to);
      path[inside ? "lineTo" : "moveTo"](x0 + part * (x1 - x0), y0 + part * (y1 - y0));
      inside = !inside;
    }
  }
  return path;
}

function circles(points, radius) { // around points [x1, x2], in cells
  const path = new Path2D();
  for (const point of points) {
    const [x, y] = toPlace(point).map((part) => part * (GRID - 1));
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, 2 * Math.PI);
  }
  return path;
}

function fitted(canvas) { // empty, and as sharp as the screen; lengths are in pixels of the page
  const [context, ratio] = [canvas.getContext("2d"), devicePixelRatio];
  Object.assign(canvas, { width: canvas.clientWidth * ratio, height: canvas.clientHeight * ratio });
  context.scale(ratio, ratio);
  return context;
}

function drawMap(run) {
  const [{ find, now, unit }, set] = [run, $("set").value];
  const [outputs, { points, y }] = [now.grid.at(-1).after, content.data[set]];
  const { labels, sure } = decide(run, outputs);
  if (unit) paintUnit(find(".cells"), now.grid[unit.s].after[unit.u]);
  else paint(find(".cells"), (i) => content.colors[labels[i]], (i) => 0.7 * sure[i]);
  const { color: ink, backgroundColor: paper } = getComputedStyle(document.body); // light or dark
  const [context, cell] = [fitted(find(".marks")), find(".marks").clientWidth / (GRID - 1)];
  context.scale(cell, cell); // lengths are in cells
  const draw = (path, lineWidth, strokeStyle = ink, fillStyle = "transparent") => {
    Object.assign(context, { lineWidth, strokeStyle, fillStyle }).fill(path);
    context.stroke(path);
  };
  const best = (but, i) => outputs.reduce((top, values, j) => (j === but ? top : Math.max(top, values[i])), -Infinity);
  const lead = (k) => outputs[k].map((value, i) => (run.several ? value - best(k, i) : logit(run, outputs, k, i)));
  if (!now.broken) for (const k of asked(run)) draw(zeroLine(lead(k)), unit ? 0.15 : 0.3);
  if (unit) draw(zeroLine(now.grid[unit.s].before[unit.u]), 0.45);
  content.colors.forEach((color, k) => {
    const mine = points.filter((_, i) => y[question()][i] === k);
    draw(circles(mine, points.length > 400 ? 0.45 : 0.6), 0.13, paper, `rgb(${color})`);
  });
  if (!now.broken) draw(circles(now.wrong[set].map((i) => points[i]), 1.1), 0.22);
  const point = state.hover ?? state.point;
  if (point) for (const radius of [0.2, 1.6, 2]) draw(circles([point], radius), 0.22);
  const count = now.broken ? "wrong: unknown" : `wrong: ${now.wrong[set].length} of ${points.length}`;
  const name = content.questions[question()];
  find(".wrong").textContent = count;
  find(".what").textContent = unit ? `What ${unit.title} computes` : `${name ? `${name}: ` : ""}What the network says`;
  find(".map").ariaLabel = `Map of ${run.name}, epoch ${state.epoch}, ${set} points, ${count}. Arrows move the point.`;
}

function drawNetwork({ find, stages, largest, now, units, edges, unit, edge, off }) {
  const [context, { clientWidth: width, clientHeight: height }] = [fitted(find(".edges")), find(".edges")];
  for (const one of edges) {
    const [weight, isOff] = [now.recorded[one.at], off.has(one.name)];
    const part = isOff ? 0.1 : Math.min(1, Math.abs(weight) / largest);
    const chosen = one === edge || one.unit === unit;
    context.globalAlpha = chosen ? 1 : (unit ? 0.3 : 1) * (0.25 + 0.75 * part);
    context.strokeStyle = isOff ? "gray" : `rgb(${weight < 0 ? NEGATIVE : POSITIVE})`;
    context.lineWidth = 0.5 + 4 * part;
    context.setLineDash(isOff ? [2, 4] : []);
    context.beginPath();
    for (const [x, y] of one.ends) context.lineTo(x * width, y * height);
    context.stroke();
  }
  const dead = [];
  for (const one of units) {
    const { s, u, button } = one;
    const isDead = !now.broken && stages[s].activations.length > 0 && now.train[s].after[u].every((x) => x === 0);
    if (isDead) dead.push(one.name);
    paintUnit(button.firstChild, now.grid[s].after[u]);
    button.classList.toggle("dead", isDead);
    button.ariaPressed = one === unit;
    button.title = button.ariaLabel = one.title + (isDead ? ", dead" : "");
  }
  const weight = edge && `The weight from ${edge.from} to ${edge.unit.title} is ${short(now.recorded[edge.at])}`;
  const said = dead.length ? `Dead, 0 for every training point: ${dead.join(", ")} (layer.unit).` : "No unit is dead.";
  find(".state").textContent = now.broken ? "" : !edge ? said : `${weight}${off.has(edge.name) ? ", off" : ""}.`;
  find(".restore").hidden = !off.size;
}

function drawUnit(run) { // the chosen one in words, and its weights as buttons
  const { find, now, unit, off } = run;
  find(".unit").hidden = !unit;
  if (!unit) return;
  const mine = run.edges.filter((edge) => edge.unit === unit);
  const before = now.train[unit.s].before[unit.u];
  const active = before.reduce((count, x) => count + (x > 0), 0) / before.length;
  const terms = mine.map(({ at, from }) => `${short(now.weights[at])} ${from}`);
  const sum = [...terms, short(now.weights[run.stages[unit.s].biases_at + unit.u])].join(" + ").replaceAll("+ -", "- ");
  find(".formula").textContent = `${unit.s ? "" : `Its half-plane: ${sum} > 0. `}Thick line: 0 before the activation; `
    + `${(100 * active).toFixed(1)} % of the training points are on the side where it is above.`;
  const list = find(".weights"); // made anew for another unit only, so that a button keeps the focus
  if (list.firstChild !== mine[0].button) list.replaceChildren(...mine.map(({ button }) => button));
  for (const { button, name, from, at } of mine) {
    button.textContent = `${from}: ${short(now.recorded[at])}`;
    button.ariaPressed = off.has(name);
  }
}

function drawAnswer(run) { // a row each: x1 and x2, the layers' values, the logit, the probability, the label
  const [{ root, find, now }, point] = [run, state.hover ?? state.point];
  find("caption").textContent = state.hover ? "This point" : point ? "The held point" : "Point at the map to ask.";
  find("tbody").hidden = !point || now.broken;
  if (find("tbody").hidden) return;
  const layers = forward(run.stages, now.weights, point.map((x) => [x])).map(({ after }) => after);
  const probs = asked(run).map((k) => sigmoid(logit(run, layers.at(-1), k, 0)));
  const rows = [point, ...layers.map((values) => values.map(([x]) => x)), probs];
  const label = content.classes[decide(run, layers.at(-1)).labels[0]];
  const texts = [...rows.map((row) => row.map(short).join("   ")), label];
  root.querySelectorAll("td").forEach((cell, r) => (cell.textContent = texts[r]));
}

function frame() {
  redraw.waiting = 0;
  $("epoch").textContent = $("slider").ariaValueText = `epoch ${state.epoch}`;
  for (const run of state.shown) {
    compute(run);
    const { root, find, now, off } = run;
    const right = (set) => (100 - (100 * now.wrong[set].length) / content.data[set].points.length).toFixed(2);
    const ablated = `Weights off: ${off.size} | Accuracy: ${right("train")}% | Test accuracy: ${right("test")}%`;
    find(".log").textContent = run.log[now.snapshot];
    find(".warning").textContent = now.broken ? run.broken : off.size ? ablated : "";
    root.classList.toggle("broken", now.broken); // the style sheet hides maps and lines
    root.style.setProperty("--now", Math.min(1, state.epoch / run.epochs.at(-1) || 0)); // of the curves' cursor
    for (const draw of [drawMap, drawNetwork, drawUnit, drawAnswer]) draw(run);
  }
}

// ---- Preparing and controls ----------------------------------------------------------------------------------------

for (const set of Object.values(content.data)) {
  set.X = set.X.map(floats);
  set.points = Array.from(set.X[0], (x1, i) => [x1, set.X[1][i]]);
}

content.runs.forEach((run, r) => {
  const root = $("panels").children[r];
  const find = (selector) => root.querySelector(selector);
  Object.assign(run, { root, find, number: r + 1, weights: floats(run.weights), off: new Set() });

  const columns = [2, ...run.stages.map(({ outputs }) => outputs)];
  run.units = Array.from(root.querySelectorAll(".network button"), (button) => {
    const [s, u] = button.value.split(".").map((number) => number - 1);
    const unit = { name: button.value, title: button.title, button, s, u };
    button.onclick = () => redraw(run.unit = run.unit === unit ? null : unit);
    return unit;
  });
  const place = (column, u) => [column / (columns.length - 1), (u + 0.5) / columns[column]]; // x and y, from 0 to 1
  run.edges = run.units.flatMap((unit) => Array.from({ length: columns[unit.s] }, (_, k) => {
    const at = run.stages[unit.s].weights_at + unit.u * columns[unit.s] + k; // in a snapshot
    const ends = [place(unit.s, k), place(unit.s + 1, unit.u)];
    const button = Object.assign(document.createElement("button"), { type: "button", title: "Switch it off or on" });
    const from = unit.s ? `unit ${k + 1}` : `x${k + 1}`;
    const edge = { name: `${unit.name}.${k + 1}`, unit, from, at, ends, button };
    button.onclick = () => toggle(run, edge);
    return edge;
  }));

  const part = ({ offsetX, offsetY, currentTarget: { clientWidth: w, clientHeight: h } }) => [offsetX / w, offsetY / h];
  const nearest = (event) => { // the edge under the pointer, none beyond 6 pixels
    const [x, y] = part(event);
    const away = ({ ends: [[x1, y1], [x2, y2]] }) => // upwards or downwards
      (x < x1 || x > x2 ? Infinity : Math.abs(y1 + ((x - x1) / (x2 - x1)) * (y2 - y1) - y));
    const best = run.edges.reduce((a, b) => (away(b) < away(a) ? b : a));
    return away(best) * find(".edges").clientHeight < 6 ? best : null;
  };
  find(".edges").onpointermove = (event) => redraw(run.edge = nearest(event));
  find(".edges").onpointerleave = () => redraw(run.edge = null);
  find(".edges").onclick = (event) => nearest(event) && toggle(run, nearest(event));
  find(".restore").onclick = () => redraw(run.off.clear());
  find(".map").onpointermove = (event) => redraw(state.hover = toFeatures(part(event)));
  find(".map").onpointerleave = () => redraw(state.hover = null);
  find(".map").onclick = (event) => redraw(state.point = toFeatures(part(event)));
  const drag = (event) => event.buttons && setEpoch(part(event)[0] * run.epochs.at(-1));
  for (const curve of root.querySelectorAll(".curve")) curve.onpointerdown = curve.onpointermove = drag;
});

$("choices").onchange = show;
$("play").onclick = () => play(!state.playing);
$("slider").oninput = () => goTo($("slider").value);
document.onkeydown = (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.tagName === "SELECT") return;
  const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (arrow && event.target.classList.contains("map")) {
    const moved = toPlace(state.point ?? toFeatures([0.5, 0.5])).map((part, k) => part + arrow[k] / 50);
    redraw(state.point = toFeatures(moved.map((part) => Math.min(1, Math.max(0, part)))));
  } else if (arrow?.[0]) step(arrow[0]);
  else if (event.key === "Home") goTo(0);
  else if (event.key === "End") goTo(state.epochs.length);
  else if (event.key === " " && event.target.tagName !== "BUTTON") play(!state.playing);
  else if (event.key === "Escape") redraw(state.point = null, state.shown.forEach((run) => (run.unit = null)));
  else return;
  event.preventDefault(); // the page does not scroll, and the slider does not move a second time
};
if (matchMedia("(prefers-reduced-motion: reduce)").matches) $("speed").value = 4;
for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).onchange = redraw;
new ResizeObserver(redraw).observe($("panels"));
addEventListener("hashchange", readAddress);
readAddress(); // and draw

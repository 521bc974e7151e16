// The recorded networks: what they compute, without anything that is shown. Inlined into the page before player.js.
// Arrays are unit-major: all points of unit 0, then all of unit 1; unit u has the value values[u * n + i] at point i.
// Names count from 1, as people do: "2.3" is unit 3 of layer 2, "2.3.1" its weight for input 1.
"use strict";

const content = JSON.parse(document.getElementById("content").textContent);
const GRID = 96; // points a side at which a network is asked for a map
const [X1, X1_END, X2, X2_END] = content.limits;
const floats = (text) => new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const sigmoid = (z) => 1 / (1 + Math.exp(-z));

for (const run of content.runs) {
  run.weights = floats(run.weights);
  run.size = 0; // numbers a snapshot
  for (const stage of run.stages) [stage.first, run.size] = [run.size, run.size + (stage.inputs + 1) * stage.outputs];
  for (const key in run.curves) run.curves[key] = floats(run.curves[key]);
  run.largest = run.weights.reduce((most, w) => (Math.abs(w) < Infinity ? Math.max(most, Math.abs(w)) : most), 1e-9);
  run.several = run.softmax && !content.questions; // K classes of which one wins, and not questions with yes or no
  run.unitName = (s, u) => (s < run.stages.length - 1 ? `unit ${u + 1} of hidden layer ${s + 1}` : `output ${u + 1}`);
  run.inputName = (s, k) => (s ? run.unitName(s - 1, k) : `x${k + 1}`);
}
for (const set of Object.values(content.data)) [set.X, set.n] = [floats(set.X), floats(set.X).length / 2];
const grid = new Float32Array(2 * GRID * GRID); // row by row from the top, as pictures are stored
for (let i = 0; i < GRID * GRID; i++) {
  grid[i] = X1 + ((i % GRID) / (GRID - 1)) * (X1_END - X1);
  grid[GRID * GRID + i] = X2_END - (Math.floor(i / GRID) / (GRID - 1)) * (X2_END - X2);
}

const ACTIVATIONS = { // NaN stays NaN in all of them
  relu: (z) => (z < 0 ? 0 : z),
  leaky_relu: (z, slope) => (z < 0 ? slope * z : z),
  tanh: Math.tanh,
  sigmoid,
  identity: (z) => z,
};

// Returns for each stage its values before and after the activations. Weights named in `off` count as 0; `memory` lends
// its arrays to one call after another.
function forward(run, snapshot, inputs, n, off = new Set(), memory = []) {
  let given = inputs;
  return run.stages.map((stage, s) => {
    memory[s] ??= { before: new Float32Array(stage.outputs * n), after: new Float32Array(stage.outputs * n) };
    const [{ before, after }, first] = [memory[s], snapshot * run.size + stage.first];
    for (let u = 0; u < stage.outputs; u++) {
      const values = before.subarray(u * n, (u + 1) * n);
      values.fill(run.weights[first + stage.inputs * stage.outputs + u]); // the bias
      for (let k = 0; k < stage.inputs; k++) {
        if (off.size && off.has(`${s + 1}.${u + 1}.${k + 1}`)) continue;
        const weight = run.weights[first + u * stage.inputs + k];
        for (let i = 0, j = k * n; i < n; i++, j++) values[i] += weight * given[j];
      }
    }
    after.set(before);
    for (const [name, slope] of stage.activations) {
      const activation = ACTIVATIONS[name];
      for (let i = 0; i < after.length; i++) after[i] = activation(after[i], slope);
    }
    return { before, after: (given = after) };
  });
}

// Returns the logit of the probability of output k at point i: without softmax the output itself.
function logit(run, z, n, k, i) {
  if (!run.softmax) return z[k * n + i];
  let [top, others] = [-Infinity, 0]; // taking away the largest keeps exp() in range
  for (let j = i; j < z.length; j += n) if (j !== k * n + i) top = Math.max(top, z[j]);
  for (let j = i; j < z.length; j += n) if (j !== k * n + i) others += Math.exp(z[j] - top);
  return z[k * n + i] - top - Math.log(others);
}

// Returns each point's label, and how sure it is: 0 where classes are equal, 1 at a probability of 1. `question` is the
// output that answers, where not several classes compete.
function decide(run, z, n, question) {
  const [labels, sure, K] = [new Uint8Array(n), new Float32Array(n), z.length / n];
  for (let i = 0; i < n; i++) {
    let k = run.several ? 0 : question;
    if (run.several) for (let j = 1; j < K; j++) if (z[j * n + i] > z[k * n + i]) k = j;
    const p = sigmoid(logit(run, z, n, k, i));
    labels[i] = run.several ? k : p >= 0.5;
    sure[i] = run.several ? (p - 1 / K) / (1 - 1 / K) : Math.abs(2 * p - 1);
  }
  return { labels, sure };
}

// Returns the line on which a field over the grid is zero, as pieces [[x, y], [x, y]] with x and y from 0 to 1 and from
// the top: marching squares.
function zeroLine(field) {
  const values = Array.from({ length: GRID * GRID }, (_, i) => field(i));
  const pieces = [];
  for (let i = 0; i < GRID * (GRID - 1); i++) {
    const [a, b, c, d] = [values[i], values[i + 1], values[i + GRID + 1], values[i + GRID]]; // clockwise
    const [A, B, C, D, x, y] = [a >= 0, b >= 0, c >= 0, d >= 0, i % GRID, Math.floor(i / GRID)];
    if (x === GRID - 1 || (A === B && B === C && C === D)) continue;
    const points = [];
    if (A !== B) points.push([x + a / (a - b), y]);
    if (B !== C) points.push([x + 1, y + b / (b - c)]);
    if (C !== D) points.push([x + d / (d - c), y + 1]);
    if (D !== A) points.push([x, y + a / (a - d)]);
    const placed = points.map((point) => point.map((p) => p / (GRID - 1)));
    for (let k = 0; k < placed.length; k += 2) pieces.push(placed.slice(k, k + 2));
  }
  return pieces;
}

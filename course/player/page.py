"""One HTML page to scrub through training runs: data, weights, style and script in one file, offline."""

import ast
import json
import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import jinja2
import numpy as np
from markupsafe import Markup
from matplotlib.colors import to_rgb
from matplotlib.ticker import MaxNLocator

from course.drawing import CLASS_COLORS
from course.files import save_file
from course.player.recorder import Recorder, Recording, UnsupportedError, encode, log_line

FOLDER = Path(__file__).parent
MOST_BYTES = 400_000  # of a page
FEWEST = 10  # snapshots of a run that are worth a slider
SETS = ("test", "val", "train")
COLUMNS = 300  # of a curve that are drawn apart, more than it has pixels
HEIGHT = 300  # units from the bottom of a curve's frame to its top


def save_player(
    name: str,
    data: Sequence,
    runs: Mapping[str, tuple[Recorder, Mapping[str, Sequence[float]]]],
    *,
    title: str | None = None,
    references: Mapping[str, float] | None = None,
    class_names: Sequence[str] | None = None,
) -> Path | None:
    """Write `players/<name>.html` into the output folder, and print where it is.

    Two outputs or more are logits of one class each. Labels `[N, L]` instead of `[N]` mean L yes-or-no questions, one
    output for each. The page holds as many snapshots as fit into 400 KB, the first and the last of each run among them.

    Args:
        name: the lesson's file name without `.py`.
        data: `X_train, X_test, y_train, y_test`, as `train_test_split` returns them. X `[N, 2]`; y `[N]` from 0 up, or
            `[N, L]` of zeros and ones. Tensors on any device, or arrays.
        runs: for the name of each run its recorder and its history, as `fit` returns it: a list for each of
            `train_loss, train_acc, test_loss, test_acc`, one entry an epoch. Any of them may be missing, and there may
            be `val_loss, val_acc`.
        title: heading of the page; None takes the title of the lesson of that name.
        references: levels to compare the accuracy with, in percent, by name, such as `{"best line 60.2": 60.2}`; None
            draws chance, the accuracy of a guess among the classes.
        class_names: names of the K classes, or of the L questions; None writes "class 0", ...

    Returns:
        The path of the page; None if a run cannot be shown. Then one sentence is printed, and the lesson goes on.

    Raises:
        OSError: the file cannot be written; the message says where and why.
    """
    try:
        document = _document(name, data, runs, title, references, class_names)
    except UnsupportedError as error:
        print(f"No player page for {name}: {error}".encode("ascii", "backslashreplace").decode())
        return None
    return save_file(f"players/{name}.html", lambda file: file.write(document.encode()))


def _document(name, data, runs, title, references, class_names) -> str:
    """Return the page, thinned until it fits."""
    X_train, X_test, y_train, y_test = (to_array(part) for part in data)
    if any(
        X.ndim != 2 or X.shape[1] != 2 or len(X) != len(y)
        for X, y in ((X_train, y_train), (X_test, y_test))
    ):
        shapes = ", ".join(str(list(part.shape)) for part in (X_train, X_test, y_train, y_test))
        raise UnsupportedError(
            f"the data have the shapes {shapes}; expected X [N, 2] and y [N] or [N, L]."
        )
    recordings = {
        run: recorder.recording(probe(recorder, X_train)) for run, (recorder, _) in runs.items()
    }
    for run, recording in recordings.items():
        _check(run, recording, runs[run][1], y_train, y_test)
    questions = y_train.ndim == 2
    widest = max(recording.stages[-1].outputs for recording in recordings.values())
    n_names = widest if questions else max(2, widest)
    names = list(class_names or [f"class {k}" for k in range(n_names)])
    if len(names) != n_names:
        raise UnsupportedError(f"there are {len(names)} class names; expected {n_names}.")
    if references is None:
        references = {} if questions else {f"chance {100 / n_names:.3g}": 100 / n_names}
    edges = limits(np.concatenate([X_train, X_test]))
    classes = ["no", "yes"] if questions else names
    content = {
        "classes": classes,
        "questions": names if questions else [],
        "colors": [_rgb(CLASS_COLORS[k % len(CLASS_COLORS)]) for k in range(len(classes))],
        "limits": edges,
        "data": {
            "train": {
                "X": [encode(x) for x in X_train.T],
                "y": np.atleast_2d(y_train.T).astype(int).tolist(),
            },
            "test": {
                "X": [encode(x) for x in X_test.T],
                "y": np.atleast_2d(y_test.T).astype(int).tolist(),
            },
        },
    }
    # what never changes is written into the page, and not drawn by its script
    still = {
        "title": title or _title(name),
        "x": _ticks(*edges[:2]),
        "y": _ticks(*edges[2:]),
        "style": _inlined("player.css"),
        "script": _inlined("player.js"),
    }
    panels = [
        {
            "name": run,
            "plots": _plots(recordings[run], history, references),
            "sets": [
                part for part in SETS if f"{part}_loss" in history or f"{part}_acc" in history
            ],
            "levels": references if any(f"{part}_acc" in history for part in SETS) else {},
            **_diagram(recordings[run]),
        }
        for run, (_, history) in runs.items()
    ]
    template = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("player.html")

    def render(snapshots: int) -> str:
        shown = [
            _run(
                run,
                _thinned(recordings[run], snapshots),
                history,
                recorder.softmax or not questions,
                questions,
            )
            for run, (recorder, history) in runs.items()
        ]
        # "<" would let a name end the script element that holds the text
        text = json.dumps(
            content | {"runs": shown}, separators=(",", ":"), allow_nan=False
        ).replace("<", r"\u003c")
        return template.render(**content, **still, runs=panels, content=Markup(text))

    snapshots = longest = max(len(recording.epochs) for recording in recordings.values())
    while len(page := render(snapshots)) > MOST_BYTES:  # the page is ASCII but for names
        snapshots = int(0.98 * snapshots * MOST_BYTES / len(page))
        if snapshots < min(FEWEST, longest):
            raise UnsupportedError(
                f"the networks have too many weights for a page of {MOST_BYTES // 1000} KB."
            )
    return page


def _rgb(color: str) -> list[int]:
    """Return a colour as red, green and blue from 0 to 255."""
    return [round(255 * part) for part in to_rgb(color)]


def _title(name: str) -> str:
    """Return the title of the lesson of that name; of any other name one made of it."""
    lesson = FOLDER.parents[1] / "module_03" / f"{name}.py"
    if lesson.is_file() and (
        docstring := ast.get_docstring(ast.parse(lesson.read_text(encoding="utf-8")))
    ):
        return docstring.splitlines()[0]
    return re.sub(r"^(\d\d)_", r"Lesson \1: ", name).replace("_", " ")


def _run(name: str, recording: Recording, history: Mapping, softmax: bool, questions: bool) -> dict:
    """Return one run as the page's script wants it; `softmax` says how several outputs become probabilities."""
    finite = np.isfinite(recording.weights)
    sound = finite.all(axis=1)
    softmax = softmax and recording.stages[-1].outputs > 1
    stages, size = [], 0
    for stage in recording.stages:  # where its weights and its biases begin in a snapshot
        stages.append(
            stage._asdict() | {"weights": size, "biases": size + stage.inputs * stage.outputs}
        )
        size += stage.size
    return {
        "name": name,
        "softmax": softmax,
        "several": softmax
        and not questions,  # K classes of which one wins, not questions with yes or no
        "stages": stages,
        "size": size,  # numbers a snapshot
        "largest": float(np.abs(recording.weights[finite]).max(initial=1e-9)),
        "epochs": recording.epochs,
        "weights": encode(recording.weights),
        "broken": ""
        if sound.all()
        else f"From epoch {_first_broken(recording, sound, history)} on, weights are NaN (not a number) or infinite: "
        "there is nothing to draw.",
        "log": [log_line(epoch, history) for epoch in recording.epochs],
    }


def _diagram(recording: Recording) -> dict:
    """Return the stages of a network, and in pixels how large a unit is drawn and how high its diagram is."""
    widest = max(stage.outputs for stage in recording.stages)
    size = min(44, max(24, 400 // widest))  # 24: what a finger can hit
    return {"stages": recording.stages, "unit_size": size, "height": max(2, widest) * (size + 4)}


def _plots(recording: Recording, history: Mapping, references: Mapping[str, float]) -> list[dict]:
    """Return the curves of loss and accuracy, as far as the history holds them, with their scales."""
    last = max(1, recording.epochs[-1])
    plots = []
    for metric, label, levels in (
        ("loss", "loss", []),
        ("acc", "accuracy in %", list(references.values())),
    ):
        curves = {
            part: np.asarray(history[f"{part}_{metric}"], dtype=float)[: last + 1]
            for part in SETS
            if f"{part}_{metric}" in history
        }
        if not curves:
            continue
        values = np.concatenate([*curves.values(), levels])
        low, high = (
            min(values[np.isfinite(values)], default=0),
            max(values[np.isfinite(values)], default=1),
        )
        if metric == "acc":
            low = min(low, high - 10)  # of a constant one the scale would tell nothing
        margin = 0.06 * (high - low) or 0.1
        low, high = low - margin, high + margin

        def place(values, low=low, high=high):
            return HEIGHT * (high - np.asarray(values)) / (high - low)  # from the top

        plots.append(
            {
                "label": label,
                "x": _ticks(0, last),
                "y": _ticks(low, high),
                "last": last,
                "size": f"{last} {HEIGHT}",
                "levels": [round(float(level), 1) for level in place(levels)],
                "curves": {part: _path(place(values)) for part, values in curves.items()},
            }
        )
    return plots


def _path(heights: np.ndarray) -> str:
    """Return a curve as an SVG path. Of many epochs that share a column it keeps the lowest and the highest."""
    finite = np.flatnonzero(np.isfinite(heights))
    columns = np.array_split(finite, min(len(finite), COLUMNS) or 1)
    kept = sorted(
        {
            int(column[pick(heights[column])])
            for column in columns
            if len(column)
            for pick in (np.argmin, np.argmax)
        }
    )
    points = [(epoch, round(float(heights[epoch]))) for epoch in kept]
    steps = [f"l{x - x0} {y - y0}" for (x0, y0), (x, y) in pairwise(points)]
    return "".join([f"M{x} {y}" for x, y in points[:1]] + steps)


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Return round numbers between two ends, each with its place from 0 to 100."""
    ticks = MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(low, high)
    return [
        (round(100 * (tick - low) / (high - low), 2), f"{tick:g}")
        for tick in ticks
        if low <= tick <= high
    ]


def _first_broken(recording: Recording, sound: np.ndarray, history: Mapping) -> int:
    """Return the epoch from which on weights are NaN or infinite.

    It lies after the last sound snapshot. The test loss is measured after the step, so it tells the exact epoch.
    """
    position = int(np.argmin(sound))
    after = recording.epochs[position - 1] + 1 if position else 0
    losses = list(history.get("test_loss", ()))
    between = range(after, recording.epochs[position])
    return next(
        (e for e in between if e < len(losses) and not np.isfinite(losses[e])),
        recording.epochs[position],
    )


def _check(run: str, recording: Recording, history: Mapping, *labels: np.ndarray) -> None:
    """Raise an UnsupportedError unless network, history and labels fit each other."""
    n_outputs = recording.stages[-1].outputs
    for key in (f"{part}_{metric}" for part in SETS for metric in ("loss", "acc")):
        if key in history and len(history[key]) <= recording.epochs[-1]:
            raise UnsupportedError(
                f"the history of {run!r} has {len(history[key])} entries in {key}; "
                f"expected one for each epoch up to {recording.epochs[-1]}."
            )
    for y in labels:
        n_classes = 2 if y.ndim == 2 else max(2, n_outputs)
        if not np.isin(y, range(n_classes)).all() or (y.ndim == 2 and y.shape[1] != n_outputs):
            raise UnsupportedError(
                f"the labels, {list(y.shape)} from {y.min():g} to {y.max():g}, "
                f"do not fit the {n_outputs} outputs of {run!r}."
            )


def probe(recorder: Recorder, X: np.ndarray):
    """Return some points, and some far away, as the recorder's model takes them."""
    import torch

    first = next(recorder.model.parameters(), torch.empty(0))
    return torch.as_tensor(
        np.concatenate([X[:64], 10 * X[:64]]), dtype=first.dtype, device=first.device
    )


def _thinned(recording: Recording, snapshots: int) -> Recording:
    """Return at most so many of the snapshots, the first and the last among them."""
    if len(recording.epochs) <= snapshots:
        return recording
    # of neighbours the roundest epoch, because logs print those
    neighbours = np.array_split(range(len(recording.epochs) - 1), snapshots - 1)
    keep = [max(group, key=lambda k: math.gcd(recording.epochs[k], 10**6)) for group in neighbours]
    keep.append(len(recording.epochs) - 1)
    return Recording([recording.epochs[k] for k in keep], recording.stages, recording.weights[keep])


def limits(X: np.ndarray) -> list[float]:
    """Return x1 from, to, x2 from, to: the points' range and a tenth more, equally scaled where that wastes little."""
    low, high = X.min(axis=0), X.max(axis=0)
    half = np.maximum(0.6 * (high - low), 1e-3 + 1e-3 * np.abs(high))
    if half.max() < 4 * half.min():
        half[:] = half.max()
    middle = (low + high) / 2
    return [
        float(edge)
        for axis in (0, 1)
        for edge in (middle[axis] - half[axis], middle[axis] + half[axis])
    ]


def to_array(values) -> np.ndarray:
    """Return a tensor or an array as float64 array."""
    array = values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)
    return array.astype(np.float64)


def _inlined(name: str) -> Markup:
    """Return the page's own style or script, which needs no escaping."""
    return Markup((FOLDER / name).read_text(encoding="utf-8"))

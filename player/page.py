"""One HTML page to scrub through training runs: data, weights, style and script in one file, offline."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
import numpy as np
from markupsafe import Markup

from helper_functions import CLASS_COLORS, save_file
from player.recorder import Recorder, Recording, UnsupportedError, encode, log_line

FOLDER = Path(__file__).parent
MOST_BYTES = 400_000  # of a page
FEWEST = 10  # snapshots of a run that are worth a slider
CURVES = ("train_loss", "train_acc", "test_loss", "test_acc")


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
            `train_loss, train_acc, test_loss, test_acc`, one entry an epoch. Any of them may be missing.
        title: heading of the page; None makes one of the name, "Lesson 03: non linear classification".
        references: levels to compare the accuracy with, in percent, by name, such as `{"best line": 60.2}`; None draws
            chance, the accuracy of a guess among the classes.
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
    if any(X.ndim != 2 or X.shape[1] != 2 or len(X) != len(y) for X, y in ((X_train, y_train), (X_test, y_test))):
        shapes = ", ".join(str(list(part.shape)) for part in (X_train, X_test, y_train, y_test))
        raise UnsupportedError(f"the data have the shapes {shapes}; expected X [N, 2] and y [N] or [N, L].")
    recordings = {run: recorder.recording(probe(recorder, X_train)) for run, (recorder, _) in runs.items()}
    for run, recording in recordings.items():
        _check(run, recording, runs[run][1], y_train, y_test)
    questions = y_train.ndim == 2
    widest = max(recording.stages[-1].outputs for recording in recordings.values())
    n_names = widest if questions else max(2, widest)
    names = class_names or [f"class {k}" for k in range(n_names)]
    if len(names) != n_names:
        raise UnsupportedError(f"there are {len(names)} class names; expected {n_names}.")
    if references is None:
        references = {} if questions else {f"chance {100 / n_names:.3g}": 100 / n_names}
    content = {
        "title": title or re.sub(r"^(\d\d)_", r"Lesson \1: ", name).replace("_", " "),
        "names": list(names),
        "colors": [CLASS_COLORS[k % len(CLASS_COLORS)] for k in range(2 if questions else len(names))],
        "questions": questions,
        "limits": limits(np.concatenate([X_train, X_test])),
        "references": dict(references),
        "data": {
            "train": {"X": encode(X_train.T), "y": y_train.T.astype(int).ravel().tolist()},
            "test": {"X": encode(X_test.T), "y": y_test.T.astype(int).ravel().tolist()},
        },
    }
    template = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    ).get_template("player.html")

    def render(snapshots: int) -> str:
        shown = [
            _run(run, _thinned(recordings[run], snapshots), history, recorder.softmax or not questions)
            for run, (recorder, history) in runs.items()
        ]
        # "<" would let a name end the script element that holds the text
        text = json.dumps(content | {"runs": shown}, separators=(",", ":"), allow_nan=False).replace("<", r"\u003c")
        return template.render(
            title=content["title"],
            content=Markup(text),
            style=_inlined("player.css"),
            script=_inlined("network.js") + _inlined("player.js"),
        )

    snapshots = longest = max(len(recording.epochs) for recording in recordings.values())
    while len(page := render(snapshots)) > MOST_BYTES:  # the page is ASCII but for names
        snapshots = int(0.98 * snapshots * MOST_BYTES / len(page))
        if snapshots < min(FEWEST, longest):
            raise UnsupportedError(f"the networks have too many weights for a page of {MOST_BYTES // 1000} KB.")
    return page


def _run(name: str, recording: Recording, history: Mapping, softmax: bool) -> dict:
    """Return one run as the page's script wants it; `softmax` says how several outputs become probabilities."""
    sound = np.isfinite(recording.weights).all(axis=1)
    return {
        "name": name,
        "softmax": softmax and recording.stages[-1].outputs > 1,
        "stages": [stage._asdict() for stage in recording.stages],
        "epochs": recording.epochs,
        "weights": encode(recording.weights),
        "broken": None if sound.all() else _first_broken(recording, sound, history),
        "log": [log_line(epoch, history) for epoch in recording.epochs],
        "curves": {key: encode(np.asarray(history[key])) for key in CURVES if key in history},
    }


def _first_broken(recording: Recording, sound: np.ndarray, history: Mapping) -> int:
    """Return the epoch from which on weights are NaN or infinite.

    It lies after the last sound snapshot. The test loss is measured after the step, so it tells the exact epoch.
    """
    position = int(np.argmin(sound))
    after = recording.epochs[position - 1] + 1 if position else 0
    losses = list(history.get("test_loss", ()))
    between = range(after, recording.epochs[position])
    return next((e for e in between if e < len(losses) and not np.isfinite(losses[e])), recording.epochs[position])


def _check(run: str, recording: Recording, history: Mapping, *labels: np.ndarray) -> None:
    """Raise an UnsupportedError unless network, history and labels fit each other."""
    n_outputs = recording.stages[-1].outputs
    for key in CURVES:
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
    return torch.as_tensor(np.concatenate([X[:64], 10 * X[:64]]), dtype=first.dtype, device=first.device)


def _thinned(recording: Recording, snapshots: int) -> Recording:
    """Return at most so many of the snapshots, the first and the last among them."""
    if len(recording.epochs) <= snapshots:
        return recording
    keep = np.linspace(0, len(recording.epochs) - 1, snapshots).round().astype(int)
    return Recording([recording.epochs[k] for k in keep], recording.stages, recording.weights[keep])


def limits(X: np.ndarray) -> list[float]:
    """Return x1 from, to, x2 from, to: the points' range and a tenth more, equally scaled where that wastes little."""
    low, high = X.min(axis=0), X.max(axis=0)
    half = np.maximum(0.6 * (high - low), 1e-3 + 1e-3 * np.abs(high))
    if half.max() < 4 * half.min():
        half[:] = half.max()
    middle = (low + high) / 2
    return [float(edge) for axis in (0, 1) for edge in (middle[axis] - half[axis], middle[axis] + half[axis])]


def to_array(values) -> np.ndarray:
    """Return a tensor or an array as float64 array."""
    array = values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)
    return array.astype(np.float64)


def _inlined(name: str) -> Markup:
    """Return the page's own style or script, which needs no escaping."""
    return Markup((FOLDER / name).read_text(encoding="utf-8"))

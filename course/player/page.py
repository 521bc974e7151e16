"""One HTML page to scrub through training runs: data, weights, style and script, offline."""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import to_rgb

from course.drawing import class_colors
from course.files import save_file
from course.headers import read_header_of
from course.player.contract import PageContent, PointsContent, RunContent, StageContent
from course.player.curves import METRICS, SETS, History, Plot, draw_curves, ticks
from course.player.points import Points, points_to_try, take_points
from course.player.recorder import Recorder, Recording, Stage, UnsupportedError, log_line, packed
from course.text import ascii_only

if TYPE_CHECKING:
    import jinja2

FOLDER = Path(__file__).parent
LESSONS = FOLDER.parents[1] / "module_03"
MOST_BYTES = 400_000  # of a page
FEWEST = 10  # snapshots of a run that are worth a slider
LARGEST_UNIT = 44  # pixels, of a unit in the diagram of a network
SMALLEST_UNIT = 24  # pixels that a finger can hit


@dataclass(frozen=True)
class Run:
    """One training, ready to be shown."""

    name: str
    recording: Recording
    history: History
    softmax: bool  # one softmax makes probabilities of several outputs

    @property
    def outputs(self) -> int:
        """Number of outputs of the network."""
        return self.recording.stages[-1].outputs


@dataclass(frozen=True)
class Panel:
    """What the template draws of a run: all that never changes while the slider moves."""

    name: str
    plots: list[Plot]
    sets: list[str]  # that have a curve
    levels: Mapping[str, float]  # references in the plot of accuracy, by name
    stages: list[Stage]
    unit_size: int  # pixels
    height: int  # pixels, of the diagram of the network


def save_player(
    name: str,
    data: Sequence[Any],
    runs: Mapping[str, tuple[Recorder, History]],
    *,
    title: str | None = None,
    references: Mapping[str, float] | None = None,
    class_names: Sequence[str] | None = None,
) -> Path | None:
    """Write `players/<name>.html` into the output folder, and print where it is.

    Two outputs or more are logits of one class each. Labels `[N, L]` instead of `[N]` mean L
    yes-or-no questions, one output per question. The page holds as many snapshots as fit into
    400 KB, the first and the last of each run among them.

    Args:
        name: the lesson's file name without `.py`.
        data: `X_train, X_test, y_train, y_test`, as `train_test_split` returns them. X `[N, 2]`;
            y `[N]` from 0 up, or `[N, L]` of zeros and ones. Tensors on any device, or arrays.
        runs: for the name of each run its recorder and its history, as `fit` returns it: a list
            for each of `train_loss, train_acc, test_loss, test_acc`, one entry per epoch. Any of
            them may be missing, and there may be `val_loss, val_acc`.
        title: heading of the page; None takes the title of the lesson of that name.
        references: levels to compare the accuracy with, in percent, by name, such as
            `{"best line 60.2": 60.2}`; None draws chance, the accuracy of a guess.
        class_names: names of the K classes, or of the L questions; None writes "class 0", ...

    Returns:
        The path of the page; None if a run cannot be shown. Then one sentence is printed, and the
        lesson goes on.

    Raises:
        OSError: the file cannot be written; the message says where and why.
    """
    try:
        points = take_points(data)
        taken = [
            _take_run(run, recorder, history, points) for run, (recorder, history) in runs.items()
        ]
        document = _document(title or _title(name), points, taken, references, class_names)
    except UnsupportedError as error:
        print(ascii_only(f"No player page for {name}: {error}"))
        return None
    return save_file(f"players/{name}.html", lambda file: file.write(document.encode()))


def _title(name: str) -> str:
    """Return the title of the lesson of that name; of any other name one made of it."""
    lesson = LESSONS / f"{name}.py"
    if lesson.is_file():
        headline = read_header_of(lesson).headline
        if headline:
            return headline
    return re.sub(r"^(\d\d)_", r"Lesson \1: ", name).replace("_", " ")


# ---- What comes in ------------------------------------------------------------------------------


def _take_run(name: str, recorder: Recorder, history: History, points: Points) -> Run:
    """Return a run whose network, history and labels fit each other; else an UnsupportedError."""
    recording = recorder.recording(points_to_try(recorder, points.X_train))
    n_outputs = recording.stages[-1].outputs
    _check_history(name, history, recording.epochs[-1])
    for y in (points.y_train, points.y_test):
        _check_labels(name, y, n_outputs)
    softmax = recorder.softmax or not points.has_questions
    return Run(name, recording, history, softmax and n_outputs > 1)


def _check_history(name: str, history: History, last: int) -> None:
    for part in SETS:
        for metric in METRICS:
            key = f"{part}_{metric}"
            if key in history and len(history[key]) <= last:
                raise UnsupportedError(
                    f"the history of {name!r} has {len(history[key])} entries in {key}; "
                    f"expected one for each epoch up to {last}."
                )


def _check_labels(name: str, y: np.ndarray, n_outputs: int) -> None:
    are_questions = y.ndim == 2
    n_classes = 2 if are_questions else max(2, n_outputs)
    one_per_output = not are_questions or y.shape[1] == n_outputs
    if not np.isin(y, range(n_classes)).all() or not one_per_output:
        raise UnsupportedError(
            f"the labels, {list(y.shape)} from {y.min():g} to {y.max():g}, "
            f"do not fit the {n_outputs} outputs of {name!r}."
        )


def _check_names(class_names: Sequence[str] | None, points: Points, runs: list[Run]) -> list[str]:
    """Return the names of the classes or questions."""
    count = max(run.outputs for run in runs)
    if not points.has_questions:
        count = max(2, count)  # one output decides between two classes
    names = list(class_names or [f"class {k}" for k in range(count)])
    if len(names) != count:
        raise UnsupportedError(f"there are {len(names)} class names; expected {count}.")
    return names


# ---- The page -----------------------------------------------------------------------------------


def _document(
    title: str,
    points: Points,
    runs: list[Run],
    references: Mapping[str, float] | None,
    class_names: Sequence[str] | None,
) -> str:
    """Return the page, thinned until it fits."""
    if not runs:
        raise UnsupportedError("there is no run; expected at least one.")
    names = _check_names(class_names, points, runs)
    if references is None:
        chance = 100 / len(names)
        references = {} if points.has_questions else {f"chance {chance:.3g}": chance}
    x1, x1_end, x2, x2_end = points.limits
    # what never changes is written into the page, and not drawn by its script
    render = partial(
        _template().render,
        title=title,
        x=ticks(x1, x1_end),
        y=ticks(x2, x2_end),
        style=_read("player.css"),
        script=_read("player.js"),
        panels=[_panel(run, references) for run in runs],
    )
    snapshots = longest = max(len(run.recording.epochs) for run in runs)
    while True:
        content = _content(points, names, [_thinned(run, snapshots) for run in runs])
        page = render(content=content, json=_json(content))
        if len(page) <= MOST_BYTES:  # the page is ASCII but for names
            return page
        snapshots = int(0.98 * snapshots * MOST_BYTES / len(page))
        if snapshots < min(FEWEST, longest):
            raise UnsupportedError(
                f"the networks have too many weights for a page of {MOST_BYTES // 1000} KB."
            )


def _template() -> "jinja2.Template":
    import jinja2  # here, because every lesson imports this file and few write a page

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("player.html")


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _json(content: PageContent) -> str:
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.replace("<", r"\u003c")  # it would let a name end the script element


def _panel(run: Run, references: Mapping[str, float]) -> Panel:
    stages = run.recording.stages
    widest = max(stage.outputs for stage in stages)
    unit_size = min(LARGEST_UNIT, max(SMALLEST_UNIT, 400 // widest))
    with_acc = [part for part in SETS if f"{part}_acc" in run.history]
    with_loss = [part for part in SETS if f"{part}_loss" in run.history]
    return Panel(
        name=run.name,
        plots=draw_curves(run.history, run.recording.epochs[-1], references),
        sets=[part for part in SETS if part in with_acc or part in with_loss],
        levels=references if with_acc else {},
        stages=stages,
        unit_size=unit_size,
        height=max(2, widest) * (unit_size + 4),
    )


# ---- What the script is given -------------------------------------------------------------------


def _content(points: Points, names: list[str], runs: Iterable[Run]) -> PageContent:
    classes = ["no", "yes"] if points.has_questions else names
    return {
        "classes": classes,
        "questions": names if points.has_questions else [],
        "colors": [_rgb(color) for color in class_colors(len(classes))],
        "limits": points.limits,
        "data": {
            "train": _points_content(points.X_train, points.y_train),
            "test": _points_content(points.X_test, points.y_test),
        },
        "runs": [_run_content(run, points.has_questions) for run in runs],
    }


def _rgb(color: str) -> list[int]:
    """Return a colour as red, green and blue from 0 to 255."""
    return [round(255 * part) for part in to_rgb(color)]


def _points_content(X: np.ndarray, y: np.ndarray) -> PointsContent:
    labels = np.atleast_2d(y.T).astype(int)
    return {"X": [packed(feature) for feature in X.T], "y": labels.tolist()}


def _run_content(run: Run, has_questions: bool) -> RunContent:
    recording = run.recording
    finite = np.isfinite(recording.weights)
    largest = np.abs(recording.weights[finite]).max(initial=1e-9)
    return {
        "name": run.name,
        "softmax": run.softmax,
        "several": run.softmax and not has_questions,
        "stages": _stages_content(recording.stages),
        "size": sum(stage.size for stage in recording.stages),
        "largest": float(largest),
        "epochs": recording.epochs,
        "weights": packed(recording.weights),
        "broken": _broken(recording, run.history),
        "log": [log_line(epoch, run.history) for epoch in recording.epochs],
    }


def _stages_content(stages: Iterable[Stage]) -> list[StageContent]:
    contents: list[StageContent] = []
    position = 0  # in a snapshot
    for stage in stages:
        content: StageContent = {
            "inputs": stage.inputs,
            "outputs": stage.outputs,
            "activations": stage.activations,
            "weights_at": position,
            "biases_at": position + stage.inputs * stage.outputs,
        }
        contents.append(content)
        position += stage.size
    return contents


def _broken(recording: Recording, history: History) -> str:
    """Return a sentence if weights are NaN or infinite from some epoch on, else an empty one.

    That epoch lies after the last sound snapshot. The test loss is measured after the step, so it
    tells which one exactly.
    """
    sound = np.isfinite(recording.weights).all(axis=1)
    if sound.all():
        return ""
    first = int(np.argmin(sound))
    epoch = recording.epochs[first]
    after = recording.epochs[first - 1] + 1 if first else 0
    losses = history.get("test_loss", [])
    for earlier in range(after, epoch):
        if earlier < len(losses) and not math.isfinite(losses[earlier]):
            epoch = earlier
            break
    return (
        f"From epoch {epoch} on, weights are NaN (not a number) or infinite: "
        "there is nothing to draw."
    )


def _thinned(run: Run, snapshots: int) -> Run:
    """Return the run with at most so many snapshots, the first and the last among them."""
    recording = run.recording
    last = len(recording.epochs) - 1
    if last < snapshots:
        return run
    keep = []
    for neighbours in np.array_split(range(last), snapshots - 1):
        # the roundest epoch of neighbours, because logs print those
        keep.append(max(neighbours, key=lambda k: math.gcd(recording.epochs[k], 10**6)))
    keep.append(last)
    epochs = [recording.epochs[k] for k in keep]
    return replace(run, recording=Recording(epochs, recording.stages, recording.weights[keep]))

"""An animated GIF of training runs side by side: the boundary above, the accuracy below, one frame a snapshot."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from helper_functions import CLASS_COLORS, save_file
from player.page import limits, probe, to_array
from player.recorder import Recorder, Recording, forward

GRID = 100  # points a side at which a network is asked


def save_film(
    name: str,
    data: Sequence,
    runs: Mapping[str, tuple[Recorder, Mapping[str, Sequence[float]]]],
    *,
    references: Mapping[str, float] | None = None,
    frames: int = 40,
    seconds: float = 6.0,
) -> Path:
    """Write an animated GIF of the runs, side by side and at the same epochs, and print where it is.

    Args:
        name: a plain file name that ends in `.gif`.
        data: `X_train, X_test, y_train, y_test`; X `[N, 2]`, y `[N]` from 0 up. The test points are drawn.
        runs: for the name of each run its recorder and its history with `train_acc` and `test_acc`.
        references: levels to compare the accuracy with, in percent, by name.
        frames: number of pictures, 2 or more.
        seconds: how long the film runs before it begins again; the last picture stays a second longer.

    Returns:
        The path of the film. The same runs give the same bytes.

    Raises:
        UnsupportedError: a network is no stack of linear layers and activations.
        OSError: the file cannot be written; the message says where and why.
    """
    X_train, X_test, _, y_test = (to_array(part) for part in data)
    recordings = [recorder.recording(probe(recorder, X_train)) for recorder, _ in runs.values()]
    histories = [history for _, history in runs.values()]
    epochs = np.unique([epoch for recording in recordings for epoch in recording.epochs])
    epochs = epochs[np.linspace(0, len(epochs) - 1, min(frames, len(epochs))).round().astype(int)]
    edges = limits(np.concatenate([X_train, X_test]))

    figure = Figure(figsize=(3.2 * len(runs), 4.6), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    columns = figure.subplots(2, len(runs), squeeze=False, height_ratios=[3, 1.3]).T
    for (top, bottom), run, history in zip(columns, runs, histories, strict=True):
        top.set(xlim=edges[:2], ylim=edges[2:], xticks=[], yticks=[], title=run)
        for k in np.unique(y_test).astype(int):
            top.scatter(*X_test[y_test == k].T, s=12, color=_color(k), edgecolors="white", linewidths=0.4, zorder=3)
        for level in (references or {}).values():
            bottom.axhline(level, color="0.45", linewidth=0.8, linestyle="--")
        bottom.plot(history["train_acc"], color="0.6")
        bottom.plot(history["test_acc"], color="black")
        bottom.set(xlim=(0, epochs[-1]), ylim=(0, 104), xlabel="epoch", yticks=[0, 50, 100])
    columns[0][1].set_ylabel("accuracy in %")
    for reference, level in (references or {}).items():  # beside the last panel, where no curve can cover it
        places = columns[-1][1].get_yaxis_transform()
        columns[-1][1].text(1.02, level, reference, transform=places, va="center", fontsize=9, color="0.3")
    canvas.draw()
    figure.set_layout_engine("none")  # the places are found; from here on nothing may move
    still = canvas.copy_from_bbox(figure.bbox)

    pictures = []
    for epoch in epochs:
        canvas.restore_region(still)
        for (top, bottom), recording, history in zip(columns, recordings, histories, strict=True):
            _draw_moment(top, bottom, recording, history, epoch, X_test, y_test, edges)
        pictures.append(Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy()))
    # one palette for all, taken from three moments: a palette a picture would flicker and be larger
    sample = np.concatenate([np.asarray(pictures[k]) for k in (0, len(pictures) // 2, -1)])
    palette = Image.fromarray(sample).quantize(128)
    pictures = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    durations = [round(1000 * seconds / len(pictures))] * len(pictures)
    durations[-1] += 1000
    film = io.BytesIO()
    pictures[0].save(film, "GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0)
    return save_file(name, lambda file: file.write(film.getvalue()))


def _draw_moment(top, bottom, recording: Recording, history: Mapping, epoch: int, X, y, edges) -> None:
    """Draw what changes from picture to picture over the still part: regions, rings, the cursor and its accuracy."""
    position = np.searchsorted(recording.epochs, epoch, side="right") - 1
    now = recording.epochs[position]
    weights = recording.weights[position].astype(np.float64)
    xx, yy = np.meshgrid(np.linspace(*edges[:2], GRID), np.linspace(*edges[2:], GRID))
    grid = _with_zero(forward(recording.stages, weights, np.column_stack([xx.ravel(), yy.ravel()])))
    preds = _with_zero(forward(recording.stages, weights, X)).argmax(axis=1)
    probs = np.exp(grid - grid.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    winner, n_classes = probs.argmax(axis=1), probs.shape[1]
    sure = 0.6 * (probs.max(axis=1) - 1 / n_classes) / (1 - 1 / n_classes)
    colors = np.array([to_rgb(_color(k)) for k in range(n_classes)])
    pixels = (1 - sure[:, None] * (1 - colors[winner])).reshape(GRID, GRID, 3)
    scene = [top.imshow(pixels, extent=edges, origin="lower", aspect="auto", interpolation="bilinear")]
    for k in range(n_classes if n_classes > 2 else 1):
        lead = (grid[:, k] - np.delete(grid, k, axis=1).max(axis=1)).reshape(GRID, GRID)
        if lead.min() < 0 < lead.max():
            scene.append(top.contour(xx, yy, lead, levels=[0], colors="black", linewidths=1.2))
    scene += top.collections[: len(np.unique(y))]  # the points, over the new regions
    wrong = X[preds != y]
    scene.append(top.scatter(*wrong.T, s=44, facecolors="none", edgecolors="black", zorder=4))
    scene.append(bottom.axvline(now, color="#D55E00", linewidth=1.6))
    said = f"epoch {now}: {history['test_acc'][now]:.1f} %"
    scene.append(bottom.text(0.98, 0.08, said, transform=bottom.transAxes, ha="right", fontsize=9))
    still = set(top.collections[: len(np.unique(y))])
    for artist in scene:
        artist.axes.draw_artist(artist)
        if artist not in still:
            artist.remove()


def _with_zero(logits: np.ndarray) -> np.ndarray:
    """Return logits `[N, K]`, K at least 2: one logit stands against a zero for class 0."""
    return np.column_stack([np.zeros(len(logits)), logits]) if logits.shape[1] == 1 else logits


def _color(k: int) -> str:
    return CLASS_COLORS[k % len(CLASS_COLORS)]

"""An animated GIF of training runs side by side: the boundary above, the accuracy below, one frame a snapshot."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from contourpy import contour_generator
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from course.player.points import limits, points_to_try, to_array
from course.player.recorder import Recorder, Recording, forward
from helper_functions import CLASS_COLORS, save_file

GRID = 100  # points a side at which a network is asked
SHADES = 16  # of a class's colour; even areas make a GIF a fifth smaller


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
    recordings = [recorder.recording(points_to_try(recorder, X_train)) for recorder, _ in runs.values()]
    histories = [history for _, history in runs.values()]
    epochs = np.unique([epoch for recording in recordings for epoch in recording.epochs])
    epochs = epochs[np.linspace(0, len(epochs) - 1, min(frames, len(epochs))).round().astype(int)]
    edges = limits(np.concatenate([X_train, X_test]))

    figure = Figure(figsize=(3.2 * len(runs), 4.6), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    columns = figure.subplots(2, len(runs), squeeze=False, height_ratios=[3, 1.3]).T
    for (top, bottom), run, history in zip(columns, runs, histories, strict=True):
        top.set(xlim=edges[:2], ylim=edges[2:], xticks=[], yticks=[], title=run)
        for level in (references or {}).values():
            bottom.axhline(level, color="0.45", linewidth=0.8, linestyle="--")
        bottom.plot(history["train_acc"], color="0.6")
        bottom.plot(history["test_acc"], color="black")
        bottom.set(xlim=(0, epochs[-1]), ylim=(0, 104), xlabel="epoch", yticks=[0, 50, 100])
    columns[0][1].set_ylabel("accuracy in %")
    for reference, level in (
        references or {}
    ).items():  # beside the last panel, where no curve can cover it
        places = columns[-1][1].get_yaxis_transform()
        columns[-1][1].text(
            1.02, level, reference, transform=places, va="center", fontsize=9, color="0.3"
        )
    moments = [
        _Moment(*column, *run, X_test, y_test, edges)
        for column, run in zip(columns, zip(recordings, histories, strict=True), strict=True)
    ]
    canvas.draw()
    figure.set_layout_engine("none")  # the places are found; from here on nothing may move
    still = canvas.copy_from_bbox(figure.bbox)

    pictures = []
    for epoch in epochs:
        canvas.restore_region(still)
        for moment in moments:
            moment.draw(epoch)
        pictures.append(Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy()))
    # one palette for all, taken from three moments: a palette a picture would flicker and be larger
    sample = np.concatenate([np.asarray(pictures[k]) for k in (0, len(pictures) // 2, -1)])
    palette = Image.fromarray(sample).quantize(128)
    pictures = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    durations = [round(1000 * seconds / len(pictures))] * len(pictures)
    durations[-1] += 1000
    film = io.BytesIO()
    pictures[0].save(
        film, "GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0
    )
    return save_file(name, lambda file: file.write(film.getvalue()))


class _Moment:
    """What changes from picture to picture in one column: regions, boundary, rings, the cursor and its accuracy.

    The artists are made once and given new values, and only they are drawn: a whole figure takes 20 times as long.
    """

    def __init__(
        self,
        top,
        bottom,
        recording: Recording,
        history: Mapping,
        X: np.ndarray,
        y: np.ndarray,
        edges,
    ):
        self.recording, self.history, self.X, self.y = recording, history, X, y
        self.axes = np.linspace(*edges[:2], GRID), np.linspace(*edges[2:], GRID)
        xx, yy = np.meshgrid(*self.axes)
        self.points = np.column_stack([xx.ravel(), yy.ravel()])
        self.regions = top.imshow(
            np.ones((GRID, GRID, 3)), extent=edges, origin="lower", aspect="auto", animated=True
        )
        (self.boundary,) = top.plot([], [], color="black", linewidth=1.2, animated=True)
        colors = [_color(int(k)) for k in y]
        dots = top.scatter(
            *X.T, s=12, color=colors, edgecolors="white", linewidths=0.4, animated=True
        )
        self.rings = top.scatter([], [], s=44, facecolors="none", edgecolors="black", animated=True)
        self.cursor = bottom.axvline(0, color="#D55E00", linewidth=1.6, animated=True)
        place = {"transform": bottom.transAxes, "ha": "right", "fontsize": 9, "animated": True}
        self.text = bottom.text(0.98, 0.08, "", **place)
        self.artists = [self.regions, self.boundary, dots, self.rings, self.cursor, self.text]

    def draw(self, epoch: int) -> None:
        """Draw the last recorded epoch that is not after this one, over the still part of the picture."""
        position = np.searchsorted(self.recording.epochs, epoch, side="right") - 1
        now, weights = (
            self.recording.epochs[position],
            self.recording.weights[position].astype(np.float64),
        )
        grid, logits = (
            _with_zero(forward(self.recording.stages, weights, X)) for X in (self.points, self.X)
        )
        probs = np.exp(grid - grid.max(axis=1, keepdims=True))
        probs /= probs.sum(axis=1, keepdims=True)
        n_classes = probs.shape[1]
        colors = np.array([to_rgb(_color(k)) for k in range(n_classes)])[probs.argmax(axis=1)]
        sure = (probs.max(axis=1, keepdims=True) - 1 / n_classes) / (1 - 1 / n_classes)
        sure = 0.6 * np.round(SHADES * sure) / SHADES
        self.regions.set_data((1 - sure * (1 - colors)).reshape(GRID, GRID, 3))
        pieces = [np.full((1, 2), np.nan)]
        for k in range(n_classes if n_classes > 2 else 1):
            lead = (grid[:, k] - np.delete(grid, k, axis=1).max(axis=1)).reshape(GRID, GRID)
            for piece in contour_generator(*self.axes, lead).lines(0):
                pieces += [piece, np.full((1, 2), np.nan)]  # NaN lifts the pen
        self.boundary.set_data(*np.concatenate(pieces).T)
        self.rings.set_offsets(self.X[logits.argmax(axis=1) != self.y])
        self.cursor.set_xdata([now, now])
        self.text.set_text(f"epoch {now}: {self.history['test_acc'][now]:.1f} %")
        for artist in self.artists:
            artist.axes.draw_artist(artist)


def _with_zero(logits: np.ndarray) -> np.ndarray:
    """Return logits `[N, K]`, K at least 2: one logit stands against a zero for class 0."""
    return np.column_stack([np.zeros(len(logits)), logits]) if logits.shape[1] == 1 else logits


def _color(k: int) -> str:
    return CLASS_COLORS[k % len(CLASS_COLORS)]

"""An animated GIF of training runs side by side, one frame per snapshot.

Above the boundary of each network with the test points, below its accuracy by epoch.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from contourpy import contour_generator
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from course.drawing import class_colors
from course.files import save_file
from course.player.curves import History
from course.player.points import Points, points_to_try, take_points
from course.player.recorder import Recorder, Recording, forward

GRID = 100  # points per side at which a network is asked
SHADES = 16  # of a class's colour; even areas make a GIF a fifth smaller
COLORS = 128  # of the whole film
PAUSE = 1000  # milliseconds that the last picture stays longer


@dataclass(frozen=True)
class FilmedRun:
    """One training, ready to be drawn."""

    name: str
    recording: Recording
    history: History


def save_film(
    name: str,
    data: Sequence[Any],
    runs: Mapping[str, tuple[Recorder, History]],
    *,
    references: Mapping[str, float] | None = None,
    frames: int = 40,
    seconds: float = 6.0,
) -> Path:
    """Write an animated GIF of the runs, side by side and at the same epochs.

    Args:
        name: a plain file name that ends in `.gif`.
        data: `X_train, X_test, y_train, y_test`; X `[N, 2]`, y `[N]` from 0 up. The test points
            are drawn.
        runs: for the name of each run its recorder and its history with `train_acc`, `test_acc`.
        references: levels to compare the accuracy with, in percent, by name.
        frames: number of pictures, 2 or more.
        seconds: how long the film runs before it begins again; the last picture stays a second
            longer.

    Returns:
        The path of the film, which is printed, too. The same runs give the same bytes.

    Raises:
        UnsupportedError: the data do not fit each other, or a network is not a stack of linear
            layers and activations.
        OSError: the file cannot be written; the message says where and why.
    """
    points = take_points(data)
    filmed = []
    for run, (recorder, history) in runs.items():
        recording = recorder.recording(points_to_try(recorder, points.X_train))
        filmed.append(FilmedRun(run, recording, history))
    epochs = epochs_of_pictures(filmed, frames)
    pictures = draw_pictures(filmed, points, references or {}, epochs)
    film = as_gif(pictures, seconds)
    return save_file(name, lambda file: file.write(film))


def epochs_of_pictures(runs: Sequence[FilmedRun], frames: int) -> list[int]:
    """Return so many of the recorded epochs, evenly spread over them, or all if there are fewer."""
    recorded = np.unique(np.concatenate([run.recording.epochs for run in runs]))
    places = np.linspace(0, len(recorded) - 1, min(frames, len(recorded)))
    return recorded[places.round().astype(int)].tolist()


def draw_pictures(
    runs: Sequence[FilmedRun],
    points: Points,
    references: Mapping[str, float],
    epochs: Sequence[int],
) -> list[Image.Image]:
    """Return a picture per epoch."""
    figure = Figure(figsize=(3.2 * len(runs), 4.6), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    tops, bottoms = figure.subplots(2, len(runs), squeeze=False, height_ratios=[3, 1.3])
    for top, bottom, run in zip(tops, bottoms, runs, strict=True):
        draw_still(top, bottom, run, points, references, epochs[-1])
    bottoms[0].set_ylabel("accuracy in %")
    for reference, level in references.items():
        # beside the last panel, where no curve can cover it
        places = bottoms[-1].get_yaxis_transform()
        style = {"va": "center", "fontsize": 9, "color": "0.3"}
        bottoms[-1].text(1.02, level, reference, transform=places, **style)
    moving = [
        MovingParts(top, bottom, run, points)
        for top, bottom, run in zip(tops, bottoms, runs, strict=True)
    ]
    canvas.draw()
    figure.set_layout_engine("none")  # the places are found; from here on nothing may move
    still = canvas.copy_from_bbox(figure.bbox)
    pictures = []
    for epoch in epochs:
        canvas.restore_region(still)
        for parts in moving:
            parts.draw(epoch)
        pixels = np.asarray(canvas.buffer_rgba())[..., :3]
        pictures.append(Image.fromarray(pixels.copy()))
    return pictures


def draw_still(
    top: Axes,
    bottom: Axes,
    run: FilmedRun,
    points: Points,
    references: Mapping[str, float],
    last: int,
) -> None:
    """Draw what does not change while the film runs: title, axes, and the curves of accuracy."""
    x1, x1_end, x2, x2_end = points.limits
    top.set(xlim=(x1, x1_end), ylim=(x2, x2_end), xticks=[], yticks=[], title=run.name)
    for level in references.values():
        bottom.axhline(level, color="0.45", linewidth=0.8, linestyle="--")
    bottom.plot(run.history["train_acc"], color="0.6")
    bottom.plot(run.history["test_acc"], color="black")
    bottom.set(xlim=(0, last), ylim=(0, 104), xlabel="epoch", yticks=[0, 50, 100])


def as_gif(pictures: Sequence[Image.Image], seconds: float) -> bytes:
    """Return the pictures as one animated GIF."""
    # one palette for all, taken from three moments: a palette per picture would flicker, and the
    # file would be larger
    moments = [pictures[0], pictures[len(pictures) // 2], pictures[-1]]
    sample = np.concatenate([np.asarray(picture) for picture in moments])
    palette = Image.fromarray(sample).quantize(COLORS)
    no_dither = Image.Dither.NONE
    first, *others = [picture.quantize(palette=palette, dither=no_dither) for picture in pictures]
    durations = [round(1000 * seconds / len(pictures))] * len(pictures)
    durations[-1] += PAUSE
    film = io.BytesIO()
    first.save(film, "GIF", save_all=True, append_images=others, duration=durations, loop=0)
    return film.getvalue()


class MovingParts:
    """What changes from picture to picture in one column of the film.

    These are the regions of the classes, the boundary, the rings around wrong points, the cursor
    and its accuracy. The artists are made once and given new values, and only they are drawn: a
    whole figure takes 20 times as long.
    """

    def __init__(self, top: Axes, bottom: Axes, run: FilmedRun, points: Points):
        self.run = run
        self.X = points.X_test
        self.y = points.y_test.astype(int)
        x1, x1_end, x2, x2_end = points.limits
        self.x1 = np.linspace(x1, x1_end, GRID)
        self.x2 = np.linspace(x2, x2_end, GRID)
        xx, yy = np.meshgrid(self.x1, self.x2)
        self.grid = np.column_stack([xx.ravel(), yy.ravel()])
        self.colors = np.array([to_rgb(color) for color in class_colors(self.n_classes)])

        blank = np.ones((GRID, GRID, 3))
        extent = (x1, x1_end, x2, x2_end)
        self.regions = top.imshow(
            blank, extent=extent, origin="lower", aspect="auto", animated=True
        )
        (self.boundary,) = top.plot([], [], color="black", linewidth=1.2, animated=True)
        dots = top.scatter(
            self.X[:, 0],
            self.X[:, 1],
            s=12,
            color=self.colors[self.y],
            edgecolors="white",
            linewidths=0.4,
            animated=True,
        )
        self.rings = top.scatter([], [], s=44, facecolors="none", edgecolors="black", animated=True)
        self.cursor = bottom.axvline(0, color="#D55E00", linewidth=1.6, animated=True)
        self.text = bottom.text(
            0.98, 0.08, "", transform=bottom.transAxes, ha="right", fontsize=9, animated=True
        )
        self.artists = [self.regions, self.boundary, dots, self.rings, self.cursor, self.text]

    @property
    def n_classes(self) -> int:
        """Number of classes; one output decides between two."""
        return max(2, self.run.recording.stages[-1].outputs)

    def draw(self, epoch: int) -> None:
        """Draw the last recorded epoch that is not after this one, over the still part."""
        recorded = self.run.recording.epochs
        position = int(np.searchsorted(recorded, epoch, side="right")) - 1
        now = recorded[position]
        weights = self.run.recording.weights[position].astype(np.float64)
        stages = self.run.recording.stages
        logits_of_grid = with_zero(forward(stages, weights, self.grid))
        logits_of_points = with_zero(forward(stages, weights, self.X))
        self.regions.set_data(self.shades(logits_of_grid))
        lines = self.boundary_lines(logits_of_grid)
        self.boundary.set_data(lines[:, 0], lines[:, 1])
        wrong = logits_of_points.argmax(axis=1) != self.y
        self.rings.set_offsets(self.X[wrong])
        self.cursor.set_xdata([now, now])
        acc = self.run.history["test_acc"][now]
        self.text.set_text(f"epoch {now}: {acc:.1f} %")
        for artist in self.artists:
            assert artist.axes is not None
            artist.axes.draw_artist(artist)

    def shades(self, logits: np.ndarray) -> np.ndarray:
        """Return the colours of the grid `[GRID, GRID, 3]`, strong where the network is sure."""
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probs = powers / powers.sum(axis=1, keepdims=True)
        chance = 1 / self.n_classes
        sure = (probs.max(axis=1, keepdims=True) - chance) / (1 - chance)
        strength = 0.6 * np.round(SHADES * sure) / SHADES
        colors = 1 - strength * (1 - self.colors[probs.argmax(axis=1)])
        return colors.reshape(GRID, GRID, 3)

    def boundary_lines(self, logits: np.ndarray) -> np.ndarray:
        """Return the lines `[M, 2]` where a class begins to win; NaN lifts the pen."""
        lift = np.full((1, 2), np.nan)
        pieces = [lift]
        # with two classes the boundary of one is that of the other
        for k in range(self.n_classes if self.n_classes > 2 else 1):
            others = np.delete(logits, k, axis=1)
            lead = logits[:, k] - others.max(axis=1)
            heights = lead.reshape(GRID, GRID)
            lines: Any = contour_generator(self.x1, self.x2, heights).lines(0)
            for piece in lines:
                pieces += [piece, lift]
        return np.concatenate(pieces)


def with_zero(logits: np.ndarray) -> np.ndarray:
    """Return logits `[N, K]`, K at least 2: one logit stands against a zero for class 0."""
    if logits.shape[1] > 1:
        return logits
    return np.column_stack([np.zeros(len(logits)), logits])

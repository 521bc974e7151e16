"""What the figures share: colours of classes, axes, shading, points, legends, and a PNG with the same bytes each time."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure

from course.checks import as_numbers, check_count, show_shape
from course.text import counted

DPI = 120
FEW_COLORS = 20_000  # lines, shades and letters have fewer; a photo has a hundred thousand
PALETTE = 256  # colours of a PNG with one byte per pixel, a third of the size

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), readable for the colour-blind; its black is left to
# boundaries and rings, and three colours are added so that ten classes stay distinct.
CLASS_COLORS = [
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#F0E442",
    "#7F7F7F",
    "#882255",
    "#332288",
]


def own_axes(ax: Axes | None) -> Axes:
    """Return `ax`, or the current axes if nothing is drawn in them yet, or those of a new figure."""
    if ax is not None:
        if not isinstance(ax, Axes):
            raise TypeError(
                f"ax is of the type {type(ax).__name__}; expected one matplotlib Axes, such as axes[0]."
            )
        return ax
    if plt.get_fignums() and not plt.gca().has_data():
        return plt.gca()
    _, ax = plt.subplots(figsize=(5, 5), layout="constrained")
    return ax


def class_colors(n_classes: int) -> list[str]:
    """Return a colour per class: the ten of CLASS_COLORS, then the same ones darker, and darker again."""
    colors = []
    for k in range(n_classes):
        light = 0.6 ** (k // len(CLASS_COLORS))
        red, green, blue = to_rgb(CLASS_COLORS[k % len(CLASS_COLORS)])
        colors.append(to_hex([red * light, green * light, blue * light]))
    return colors


def legend_below(ax: Axes, columns: int, **style: Any) -> None:
    """Put the legend below the axes, where it covers nothing."""
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "borderaxespad": 3.8, "fontsize": 9}
    ax.legend(ncols=columns, **place, **style)


def legend_name(name: str) -> str:
    """Return a name as the legend takes it: matplotlib leaves out names that begin with `_`, so a blank goes first."""
    return f" {name}" if name.startswith("_") else name


def grid_around(points: np.ndarray, count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Return the coordinates of a grid, two arrays `[count, count]`, that reaches a tenth beyond points `[N, 2]`."""
    low = points.min(axis=0)
    high = points.max(axis=0)
    span = high - low
    # half a unit, or what float32 can resolve, where all points share a value
    least = np.maximum(0.5, 0.01 * np.abs(high))
    margin = np.where(span > 1e-4 * np.abs(points).max(axis=0), 0.1 * span, least)
    across = np.linspace(low[0] - margin[0], high[0] + margin[0], count)
    up = np.linspace(low[1] - margin[1], high[1] + margin[1], count)
    xx, yy = np.meshgrid(across, up)
    return xx, yy


def shade_two_classes(
    ax: Axes, xx: np.ndarray, yy: np.ndarray, p_class_1: np.ndarray, threshold: float
):
    """Shade P(class 1), `[H, W]`, and draw the line where it is the threshold; returns what a colorbar needs."""
    from sklearn.inspection import (
        DecisionBoundaryDisplay,
    )  # here: it takes a third of a second to import

    cmap = LinearSegmentedColormap.from_list(
        "two classes", [CLASS_COLORS[0], "white", CLASS_COLORS[1]]
    )
    display = DecisionBoundaryDisplay(xx0=xx, xx1=yy, n_classes=2, response=p_class_1)
    display.plot("contourf", ax=ax, cmap=cmap, levels=np.linspace(0, 1, 11), alpha=0.6, zorder=-1)
    draw_zero_line(ax, xx, yy, p_class_1 - threshold)
    return display.surface_


def shade_many_classes(ax: Axes, xx: np.ndarray, yy: np.ndarray, probs: np.ndarray) -> None:
    """Give each region the colour of the class that wins there, paler where it is unsure; `probs` is `[H, W, K]`."""
    from sklearn.inspection import DecisionBoundaryDisplay

    n_classes = probs.shape[2]
    colors = class_colors(n_classes)
    display = DecisionBoundaryDisplay(
        xx0=xx, xx1=yy, n_classes=n_classes, response=probs, multiclass_colors=colors
    )
    display.plot("pcolormesh", ax=ax, shading="nearest", vmin=0, vmax=1, alpha=0.6, rasterized=True)
    for k in range(n_classes):
        best_other = np.delete(probs, k, axis=2).max(axis=2)
        draw_zero_line(ax, xx, yy, probs[..., k] - best_other)


def scatter_classes(
    ax: Axes, X: np.ndarray, y: np.ndarray, names: Sequence[str], ringed: np.ndarray | None
) -> None:
    """Draw points `[N, 2]` in the colours of their classes, and rings around the wrong ones; each with its name."""
    colors = class_colors(len(names))
    for k in np.unique(y):
        points = X[y == k]
        name = legend_name(str(names[k]))
        ax.scatter(*points.T, s=14, color=colors[k], edgecolors="white", linewidths=0.4, label=name)
    if ringed is not None:
        name = f"wrong ({ringed.sum()})"
        ax.scatter(*X[ringed].T, s=46, facecolors="none", edgecolors="black", label=name)


def frame(ax: Axes, xx: np.ndarray, yy: np.ndarray) -> None:
    """Name the axes, show the whole grid, and keep circles round unless the grid is a strip."""
    ax.set(xlabel="$x_1$", ylabel="$x_2$", xlim=xx[0, [0, -1]], ylim=yy[[0, -1], 0])
    width = np.ptp(xx)
    height = np.ptp(yy)
    if max(width, height) < 4 * min(width, height):
        ax.set_aspect("equal")


def draw_references(ax: Axes, references: Mapping[str, float]) -> None:
    """Draw thin lines at named levels; the names stand beside the axes, where no curve can cover them."""
    for name, level in references.items():
        ax.axhline(level, color="0.45", linewidth=0.8, linestyle="--", zorder=1)
        place = ax.get_yaxis_transform()
        ax.text(1.02, level, name, transform=place, va="center", fontsize=9, color="0.3")


def plot_images(
    images: Any,
    ax: Axes | None = None,
    *,
    columns: int = 8,
    labels: Sequence[Any] | None = None,
    signed: bool = False,
) -> Axes:
    """Draw images in rows on one axes, each with its label above it.

    Args:
        images: `[N, H, W]`, tensor on any device or array; 0 is white and the largest value of all black. N may be 0.
        ax: axes to draw into; None takes the current axes if they are empty, else a new figure.
        columns: images in a row.
        labels: N texts or numbers, texts of one or several lines; None leaves no room for them.
        signed: the values are weights: orange above 0, blue below, white at 0, on one scale; grey between the images.

    Returns:
        The axes that were drawn into.

    Raises:
        TypeError: images that hold no numbers, or columns that are not a whole number.
        ValueError: images of another shape, values that are not finite, or not one label per image.

    >>> ax = plot_images(np.eye(8).reshape(1, 8, 8), labels=["a diagonal"])
    >>> len(ax.images)
    1
    """
    images = as_numbers(images, "images")
    if images.ndim != 3 or 0 in images.shape[1:]:
        raise ValueError(
            f"images have the shape {show_shape(images)}; expected [N, H, W], one grey image per row."
        )
    n, height, width = images.shape
    texts = [""] * n if labels is None else [str(label) for label in labels]
    check_count(columns, 1, "columns")
    if len(texts) != n:
        found = f"{counted(len(texts), 'label')} for {counted(n, 'image')}"
        raise ValueError(f"plot_images got {found}; expected as many labels as images.")
    rows = max(1, -(-n // columns))
    lines = max((len(text.splitlines()) for text in texts), default=0)
    above = 0.4 * height * lines  # room for a label above each image
    gap = 0.1 * width
    ax = own_axes(ax)
    limit = np.abs(images).max(initial=0) or 1.0
    blue_white_orange = LinearSegmentedColormap.from_list(
        "weights", [CLASS_COLORS[0], "white", CLASS_COLORS[1]]
    )
    style: dict[str, Any] = {"cmap": "gray_r", "vmin": 0}
    if signed:
        style = {"cmap": blue_white_orange, "vmin": -limit}
    for place, (image, text) in enumerate(zip(images, texts, strict=True)):
        left = place % columns * (width + gap)
        top = place // columns * (height + above + gap)
        ax.imshow(image, extent=(left, left + width, top + height, top), vmax=limit, **style)
        ax.text(left + width / 2, top - 0.05 * height, text, ha="center", va="bottom", fontsize=9)
    ax.set(
        xlim=(-gap, columns * (width + gap)),
        ylim=(rows * (height + above + gap) - above, -above - gap),
    )
    ax.set(xticks=[], yticks=[], aspect="equal", facecolor="0.75" if signed else "white")
    return ax


def as_png(fig: Figure) -> bytes:
    """Return the figure as PNG of 120 dpi: the same bytes for the same figure, with versions and dates left out."""
    from PIL import Image

    raw = io.BytesIO()
    with places_kept(fig):
        fig.savefig(raw, format="png", dpi=DPI, metadata={"Software": None})
    image = Image.open(raw)
    opaque = image.mode == "RGB" or image.getchannel("A").getextrema() == (255, 255)
    if not opaque or image.getcolors(FEW_COLORS) is None:
        return raw.getvalue()  # transparent, or as many colours as a photo: kept as they are
    small = io.BytesIO()
    image.convert("RGB").quantize(PALETTE).save(small, format="PNG")
    return small.getvalue()


@contextmanager
def places_kept(fig: Figure) -> Iterator[None]:
    """Put the axes back to where they are: a constrained layout begins where the last one ended, and drifts."""
    places = [
        (ax, ax.get_position(original=True), ax.get_position(), ax.get_in_layout())
        for ax in fig.axes
    ]
    try:
        yield
    finally:
        for ax, original, active, in_layout in places:
            ax.set_position(original, which="original")
            ax.set_position(active, which="active")
            ax.set_in_layout(in_layout)  # set_position takes the axes out of the layout


def draw_zero_line(ax: Axes, xx: np.ndarray, yy: np.ndarray, heights: np.ndarray) -> None:
    """Draw the black line where `heights`, `[H, W]`, are 0; nothing where they do not change sign."""
    if heights.min() < 0 < heights.max():
        ax.contour(xx, yy, heights, levels=[0], colors="black", linewidths=1.2)

"""What figures share: colours, axes, shading, points, legends, and PNGs of equal bytes."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PathCollection
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import ArrayLike

from course.checks import as_numbers, check_count, show_shape
from course.text import counted

DPI = 120
MOST_RINGS = 39  # more rings than this hide the points and the boundary
FEW_COLORS = 20_000  # lines, shades and letters have fewer; a photo has a hundred thousand
PALETTE = 256  # colours of a PNG with one byte per pixel, a third of the size

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), readable for the colour-blind; its
# black is left to boundaries and rings, and three colours are added so that ten classes stay
# distinct.
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
BLUE_WHITE_ORANGE = LinearSegmentedColormap.from_list(
    "blue to orange", [CLASS_COLORS[0], "white", CLASS_COLORS[1]]
)


# ---- Axes, colours and legends -------------------------------------------------------------------


def own_axes(ax: Axes | None) -> Axes:
    """Return `ax`, or the current axes if nothing is drawn in them yet, or those of a new figure.

    Raises:
        TypeError: `ax` is something else, such as a whole figure.
    """
    if ax is not None:
        if not isinstance(ax, Axes):
            raise TypeError(
                f"ax is of the type {type(ax).__name__}; "
                "expected one matplotlib Axes, such as axes[0]."
            )
        return ax
    if plt.get_fignums() and not plt.gca().has_data():
        return plt.gca()
    _, ax = plt.subplots(figsize=(5, 5), layout="constrained")
    return ax


def panels_side_by_side(count: int) -> tuple[Figure, list[Axes]]:
    """Return a new figure with a row of panels that share their vertical axis."""
    size = (3.35 * count, 4.9)  # inches
    layout = ConstrainedLayoutEngine(h_pad=0.1)  # inches between title, panels and legend
    fig, axes = plt.subplots(1, count, figsize=size, sharey=True, squeeze=False, layout=layout)
    return fig, list(axes[0])


def class_colors(n_classes: int) -> list[str]:
    """Return a colour per class: the ten of CLASS_COLORS, then the same darker, and darker again.

    >>> class_colors(2)
    ['#0072b2', '#d55e00']
    """
    colors = []
    for k in range(n_classes):
        round_number, place = divmod(k, len(CLASS_COLORS))
        light = 0.6**round_number
        red, green, blue = to_rgb(CLASS_COLORS[place])
        colors.append(to_hex((red * light, green * light, blue * light)))
    return colors


def legend_below(ax: Axes, columns: int, **style: Any) -> None:
    """Put the legend below the axes, where it covers nothing."""
    style = {"borderaxespad": 3.8, "fontsize": 9, **style}
    ax.legend(ncols=columns, loc="upper center", bbox_to_anchor=(0.5, 0), **style)


def legend_name(name: str) -> str:
    """Return a name as the legend takes it: Matplotlib leaves out those that begin with `_`.

    >>> legend_name("_private"), legend_name("public")
    (' _private', 'public')
    """
    return f" {name}" if name.startswith("_") else name


# ---- Decision boundaries -------------------------------------------------------------------------


def grid_around(points: np.ndarray, count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Return a grid that reaches a tenth beyond points `[N, 2]`, on each side.

    Returns:
        The two coordinates of its nodes, each `[count, count]`.

    >>> xx, yy = grid_around(np.array([[0.0, 0.0], [1.0, 10.0]]))
    >>> float(xx.max()), float(yy.max())
    (1.1, 11.0)
    """
    low = points.min(axis=0)
    high = points.max(axis=0)
    span = high - low
    # half a unit, or what float32 can resolve, where all points share a value
    least = np.maximum(0.5, 0.01 * np.abs(high))
    margin = np.where(span > 1e-4 * np.abs(points).max(axis=0), 0.1 * span, least)
    left, bottom = low - margin
    right, top = high + margin
    across = np.linspace(left, right, count)
    up = np.linspace(bottom, top, count)
    xx, yy = np.meshgrid(across, up)
    return xx, yy


def shade_two_classes(
    ax: Axes, xx: np.ndarray, yy: np.ndarray, p_class_1: np.ndarray, threshold: float
) -> ScalarMappable:
    """Shade P(class 1), `[H, W]`, and draw the line where it is the threshold.

    Returns:
        What a colorbar needs.
    """
    # here and not above, because it takes long to import
    from sklearn.inspection import DecisionBoundaryDisplay

    display = DecisionBoundaryDisplay(xx0=xx, xx1=yy, n_classes=2, response=p_class_1)
    steps = np.linspace(0, 1, 11)
    display.plot("contourf", ax=ax, cmap=BLUE_WHITE_ORANGE, levels=steps, alpha=0.6, zorder=-1)
    draw_zero_line(ax, xx, yy, p_class_1 - threshold)
    return display.surface_


def shade_many_classes(ax: Axes, xx: np.ndarray, yy: np.ndarray, probs: np.ndarray) -> None:
    """Give each region the colour of the class that wins there, paler where it is unsure.

    Args:
        ax: axes to draw into.
        xx: coordinates of the grid, `[H, W]`.
        yy: the same for the other one.
        probs: probability of each class there, `[H, W, K]`.
    """
    from sklearn.inspection import DecisionBoundaryDisplay

    n_classes = probs.shape[2]
    display = DecisionBoundaryDisplay(
        xx0=xx,
        xx1=yy,
        n_classes=n_classes,
        response=probs,
        multiclass_colors=class_colors(n_classes),
    )
    display.plot("pcolormesh", ax=ax, shading="nearest", vmin=0, vmax=1, alpha=0.6, rasterized=True)
    for k in range(n_classes):
        best_other = np.delete(probs, k, axis=2).max(axis=2)
        draw_zero_line(ax, xx, yy, probs[..., k] - best_other)


def draw_zero_line(ax: Axes, xx: np.ndarray, yy: np.ndarray, heights: np.ndarray) -> None:
    """Draw the black line where `heights`, `[H, W]`, are 0; nothing if their sign never changes."""
    if heights.min() < 0 < heights.max():
        ax.contour(xx, yy, heights, levels=[0], colors="black", linewidths=1.2)


def scatter_classes(
    ax: Axes, X: np.ndarray, y: np.ndarray, names: Sequence[str], ringed: np.ndarray | None
) -> None:
    """Draw points in the colours of their classes, each class with its name for the legend.

    Args:
        ax: axes to draw into.
        X: points `[N, 2]`.
        y: labels `[N]`.
        names: K names of classes.
        ringed: truth values `[N]`: the wrong ones get a ring, and are counted in the legend.
    """
    colors = class_colors(len(names))
    for k in np.unique(y):
        x1, x2 = X[y == k].T
        name = legend_name(names[k])
        ax.scatter(x1, x2, s=14, color=colors[k], edgecolors="white", linewidths=0.4, label=name)
    if ringed is not None:
        x1, x2 = X[ringed].T
        name = f"wrong ({ringed.sum()})"
        ax.scatter(x1, x2, s=46, facecolors="none", edgecolors="black", label=name)


def frame(ax: Axes, xx: np.ndarray, yy: np.ndarray) -> None:
    """Name the axes, show the whole grid, and keep circles round unless the grid is a strip."""
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    ax.set(xlim=(xx.min(), xx.max()), ylim=(yy.min(), yy.max()))
    width = np.ptp(xx)
    height = np.ptp(yy)
    if max(width, height) < 4 * min(width, height):
        ax.set_aspect("equal")


# ---- Curves --------------------------------------------------------------------------------------


def draw_references(ax: Axes, references: Mapping[str, float]) -> None:
    """Draw thin lines at named levels; the names stand beside the axes, where no curve can be."""
    place = ax.get_yaxis_transform()  # x from 0 to 1 across the axes, y in the units of the data
    for name, level in references.items():
        ax.axhline(level, color="0.45", linewidth=0.8, linestyle="--", zorder=1)
        ax.text(1.02, level, name, transform=place, va="center", fontsize=9, color="0.3")


# ---- Images --------------------------------------------------------------------------------------


def plot_images(
    images: ArrayLike,
    ax: Axes | None = None,
    *,
    columns: int = 8,
    labels: Sequence[Any] | None = None,
    signed: bool = False,
) -> Axes:
    """Draw images in rows on one axes, each with its label above it.

    Args:
        images: array `[N, H, W]`; 0 is white and the largest value of all black. N may be 0.
        ax: axes to draw into; None takes the current axes if they are empty, else a new figure.
        columns: images in a row.
        labels: N texts or numbers, texts of one or several lines; None leaves no room for them.
        signed: the values are weights: orange above 0, blue below, white at 0, on one scale, with
            grey between the images.

    Returns:
        The axes that were drawn into.

    Raises:
        TypeError: images that hold something else than numbers, or columns that are not a whole
            number.
        ValueError: images of another shape, values that are not finite, or not one label per image.

    >>> ax = plot_images(np.eye(8).reshape(1, 8, 8), labels=["a diagonal"])
    >>> len(ax.images)
    1
    """
    images = as_numbers(images, "images")
    if images.ndim != 3 or 0 in images.shape[1:]:
        raise ValueError(
            f"images have the shape {show_shape(images)}; expected [N, H, W], one grey image each."
        )
    n, height, width = images.shape
    texts = [""] * n if labels is None else [str(label) for label in labels]
    check_count(columns, 1, "columns")
    if len(texts) != n:
        found = f"{counted(len(texts), 'label')} for {counted(n, 'image')}"
        raise ValueError(f"plot_images got {found}; expected as many labels as images.")

    # a unit is a pixel of an image
    most_lines = max((len(text.splitlines()) for text in texts), default=0)
    above = 0.4 * height * most_lines  # room for a label above each image
    gap = 0.1 * width
    across = width + gap
    down = height + above + gap
    ax = own_axes(ax)
    largest = np.abs(images).max(initial=0) or 1.0
    cmap = BLUE_WHITE_ORANGE if signed else "gray_r"
    smallest = -largest if signed else 0
    for place, (image, text) in enumerate(zip(images, texts, strict=True)):
        row, column = divmod(place, columns)
        left = column * across
        top = row * down
        box = (left, left + width, top + height, top)
        ax.imshow(image, extent=box, cmap=cmap, vmin=smallest, vmax=largest)
        ax.text(left + width / 2, top - 0.05 * height, text, ha="center", va="bottom", fontsize=9)
    rows = max(1, -(-n // columns))  # rounded up
    ax.set(xlim=(-gap, columns * across), ylim=(rows * down - above, -above - gap))
    ax.set(xticks=[], yticks=[], aspect="equal", facecolor="0.75" if signed else "white")
    return ax


# ---- PNG -----------------------------------------------------------------------------------------


def as_png(fig: Figure) -> bytes:
    """Return the figure as PNG of 120 dpi: the same bytes for the same figure.

    Versions and dates are left out. A picture of few colours, which is what a plot is, gets a
    palette of 256; one with transparent parts, or with as many colours as a photo, keeps its own.

    >>> as_png(Figure())[1:4]
    b'PNG'
    """
    from PIL import Image  # here, because not every lesson saves a figure

    raw = io.BytesIO()
    with places_kept(fig):
        fig.savefig(raw, format="png", dpi=DPI, metadata={"Software": None})
    image = Image.open(raw)
    is_opaque = image.mode == "RGB" or image.getchannel("A").getextrema() == (255, 255)
    has_few_colors = image.getcolors(FEW_COLORS) is not None
    if not is_opaque or not has_few_colors:
        return raw.getvalue()
    small = io.BytesIO()
    image.convert("RGB").quantize(PALETTE).save(small, format="PNG")
    return small.getvalue()


@contextmanager
def places_kept(fig: Figure) -> Iterator[None]:
    """Put the axes back where they were, because a constrained layout begins where it ended."""
    places = []
    for ax in fig.axes:
        places.append((ax, ax.get_position(original=True), ax.get_position(), ax.get_in_layout()))
    try:
        yield
    finally:
        for ax, original, active, in_layout in places:
            ax.set_position(original, which="original")
            ax.set_position(active, which="active")
            ax.set_in_layout(in_layout)  # set_position takes the axes out of the layout


def share_legend(fig: Figure | SubFigure) -> None:
    """Put one legend below the figure in place of one below each panel.

    Rings around wrong points stay where there are at most 39; more of them would hide the points.

    >>> import matplotlib.pyplot as plt
    >>> fig, axes = plt.subplots(1, 2)
    >>> for ax in axes:
    ...     line = ax.plot([1, 2], label="train")
    >>> share_legend(fig)
    >>> len(fig.legends)
    1
    """
    entries = {}
    wrong = "wrong"
    for ax in fig.axes:
        legend = ax.get_legend()
        if legend is not None:
            legend.remove()
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            if isinstance(handle, PathCollection) and label.startswith("wrong"):
                rings = len(np.asarray(handle.get_offsets()))
                if rings > MOST_RINGS:
                    handle.remove()
                    wrong = "wrong (where few)"
                    continue
                if rings == 0:
                    continue
                label = "wrong"
            entries[label] = handle
    names = [wrong if name == "wrong" else name for name in entries]
    fig.legend(list(entries.values()), names, loc="outside lower center", ncols=len(names))

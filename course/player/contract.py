"""What page.py hands to player.js: one JSON object in the page, with its fields, shapes and units.

This is the one place that says which field is what. page.py fills it, and player.js reads it as
`content`; a test holds the fields of a real page against these classes. Shapes: S snapshots,
P numbers per snapshot, N points, L questions.

Numbers that come in thousands are *packed*: base64 of little-endian float32, row by row.
"""

from typing import TypedDict


class StageContent(TypedDict):
    """A linear layer `[inputs] -> [outputs]`, its activations, and its place in a snapshot."""

    inputs: int
    outputs: int
    activations: list[tuple[str, float]]  # relu, leaky_relu, tanh or sigmoid; the slope below 0
    weights_at: int  # position of the first weight; the matrix [outputs, inputs] goes row by row
    biases_at: int  # position of the first bias of `outputs`


class RunContent(TypedDict):
    """One recorded training."""

    name: str
    softmax: bool  # one softmax makes probabilities of the outputs; if not, a sigmoid of each
    several: bool  # classes compete and one wins; if not, each output answers yes or no
    stages: list[StageContent]  # from the two features to the outputs
    size: int  # P
    largest: float  # the largest |weight| of all snapshots: a line is widest there
    epochs: list[int]  # [S], rising
    weights: str  # packed [S, P]: the network after the step of each epoch
    broken: str  # a sentence if some weights are NaN or infinite, else ""
    log: list[str]  # [S], the line that `fit` prints for each epoch


class PointsContent(TypedDict):
    """The points of one set."""

    X: list[str]  # x1 and x2, each packed [N]
    y: list[list[int]]  # [1, N] classes from 0 up, or [L, N] of zeros and ones


class SetsContent(TypedDict):
    """Both sets, under the names that the page's list "Points" offers."""

    train: PointsContent
    test: PointsContent


class PageContent(TypedDict):
    """The whole page."""

    classes: list[str]  # names of the classes; "no" and "yes" where there are questions
    questions: list[str]  # [L] names of the yes-or-no questions; [] where classes compete
    colors: list[list[int]]  # red, green and blue from 0 to 255, per class
    limits: list[float]  # of the maps: x1 from, x1 to, x2 from, x2 to
    data: SetsContent
    runs: list[RunContent]

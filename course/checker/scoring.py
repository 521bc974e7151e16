"""Scores a learner's `train(X, y)` on points that the checker draws itself."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from course.checker.comparing import WrongAnswerError, show_shape, type_of, wrong
from course.checker.learners_code import Code
from course.checker.verdicts import Finding
from course.checker.watching import Watcher

RESTARTS = 3  # trainings of which the best counts: a start can be unlucky
TRAINING_POINTS = 1000
FRESH_POINTS = 3000

# Called with a number of points and a seed; returns X [N, 2] float32 and y [N] int64.
MakePoints = Callable[[int, int], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Trial:
    """One training, and what its model makes of fresh points."""

    model: Any
    X: Tensor  # [N, 2], not seen in training
    y: Tensor  # [N]
    logits: Tensor  # [N] or [N, K]

    @property
    def score(self) -> float:
        """Percentage of points that the model gets right."""
        return percent(labels_of(self.logits), self.y)


def train_and_score(
    code: Code,
    make: MakePoints,
    classes: int,
    accept: float,
    fails: Collection[str] = (),
) -> list[str]:
    """Train by the learner's `train(X, y)`, also with the labels renamed; score fresh points.

    Args:
        code: the learner's file.
        make: draws points.
        classes: number of classes.
        accept: percentage from which a score passes.
        fails: diagnoses of the watcher that fail the exercise.

    Returns:
        What was measured, as sentences.
    """

    def make_renamed(count: int, seed: int) -> tuple[Tensor, Tensor]:
        X, y = make(count, seed)
        return X, (y + 1) % classes

    plain = best_trial(code, make, classes, accept, fails)
    if plain.score < accept:
        raise too_low(code, plain, accept, classes, why_so_low(code, plain))
    renamed = best_trial(code, make_renamed, classes, accept, fails)
    if renamed.score < accept:
        why = hard_coded(plain, renamed) or why_so_low(code, renamed)
        raise too_low(code, renamed, accept, classes, why, " when the labels are swapped")
    scores = f"{plain.score:.1f} % of {FRESH_POINTS} fresh points, {renamed.score:.1f} %"
    return [f"{scores} with the labels swapped (needed: {accept} %)"]


def best_trial(
    code: Code, make: MakePoints, classes: int, accept: float, fails: Collection[str]
) -> Trial:
    """Train until a score passes, at most three times; returns the best."""
    trials: list[Trial] = []
    for restart in range(RESTARTS):
        seed = code.seed + 1000 * restart
        X, y = make(TRAINING_POINTS, seed)
        torch.manual_seed(seed)
        with Watcher(code.path) as watcher:
            model = code.call("train", X.clone(), y.clone())
        expect_model(model)
        code.judge_training(watcher, fails)
        fresh_X, fresh_y = make(FRESH_POINTS, seed + 500)
        logits = forward(model, fresh_X, classes)
        trials.append(Trial(model, fresh_X, fresh_y, logits))
        if trials[-1].score >= accept:
            break
    return max(trials, key=lambda trial: trial.score)


def expect_model(model: Any) -> None:
    """Raise WrongAnswerError unless `train(X, y)` returned what can be called as a model."""
    if callable(model):
        return
    sentence = f"train(X, y) returns {type_of(model)}; the checker needs the trained model."
    if model is None:
        cause = "A function without `return` gives None."
        raise wrong("returned-none", sentence, cause=cause)
    raise wrong("type", sentence, cause="Return the model alone.")


def too_low(
    code: Code, trial: Trial, accept: float, classes: int, why: Finding, when: str = ""
) -> WrongAnswerError:
    """Return the error of a score that does not pass; `why` has its diagnosis and cause."""
    right = f"right on {trial.score:.1f} % of {FRESH_POINTS} points it has never seen"
    return WrongAnswerError(
        Finding(
            why.diagnosis,
            f"The model of train(X, y) is {right}{when}.",
            got=f"{trial.score:.1f} % (chance: {100 / classes:.0f} %)",
            expected=f"at least {accept} %",
            cause=why.cause,
            line=why.line,
        )
    )


def hard_coded(plain: Trial, renamed: Trial) -> Finding | None:
    """Return a finding where the model answers as if the labels had kept their names."""
    if renamed.score >= 50 and renamed.score >= plain.score - 40:
        return None
    cause = (
        "The labels' names were swapped, and the model answers as before: it does not learn from y."
    )
    return Finding("hard-coded", cause=cause)


def why_so_low(code: Code, trial: Trial) -> Finding:
    """Return diagnosis and cause, the most probable ones, of a low score."""
    logits = trial.logits
    probabilities = logits.ndim == 1 and bool(((logits >= 0) & (logits <= 1)).all())
    if probabilities and percent((logits >= 0.5).long(), trial.y) > trial.score:
        cause = (
            "The model returns probabilities; the task asks for "
            "logits, without a sigmoid at the end."
        )
        return Finding("probabilities", cause=cause)
    for remark in code.remarks.values():
        cause = f"{remark.sentence} {remark.cause}"
        return Finding(remark.diagnosis, cause=cause, line=remark.line)
    if is_affine(trial.model, trial.X):
        cause = (
            "The model is a straight line: without an activation between them, linear layers are "
            "one linear layer."
        )
        return Finding("no-nonlinearity", cause=cause)
    cause = "More epochs, another learning rate or a wider network: look at the loss you print."
    return Finding("score", cause=cause)


def forward(model: Any, X: Tensor, classes: int) -> Tensor:
    """Return the logits of a trained model, [N] for one logit per row, or [N, K]."""
    rows = len(X)
    out = evaluate(model, X)
    if isinstance(out, Tensor) and out.shape in {(rows, 1), (rows, 1, 1)}:
        out = out.reshape(rows)
    accepted: list[tuple[int, ...]] = [(rows, classes)]
    shapes = f"[{rows}, {classes}]"
    if classes == 2:
        accepted.append((rows,))
        shapes += f", [{rows}] or [{rows}, 1]"
    if isinstance(out, Tensor) and out.shape in accepted:
        return out
    raise wrong(
        "model-output",
        f"The model turns X {show_shape(X)} into {show_shape(out)}.",
        got=show_shape(out),
        expected=f"logits {shapes}",
        cause=(
            "The number of outputs of the last layer, or a "
            "reshape after it, does not fit the classes."
        ),
    )


def evaluate(model: Any, X: Tensor) -> Any:
    """Return what a model makes of X, in eval mode and without gradients."""
    if isinstance(model, nn.Module):
        model.eval()
    with torch.no_grad():
        return model(X)


def labels_of(logits: Tensor) -> Tensor:
    """Return labels [N] of logits [N] or [N, K]."""
    return (logits >= 0).long() if logits.ndim == 1 else logits.argmax(dim=1)


def percent(labels: Tensor, y: Tensor) -> float:
    """Return the percentage of equal entries of two tensors [N]."""
    return float((labels == y).double().mean() * 100)


def is_affine(model: Any, X: Tensor) -> bool:
    """Tell whether a model is affine: the middle of two inputs gives the middle of two outputs."""
    generator = torch.Generator().manual_seed(0)
    first = 2 * X[torch.randperm(len(X), generator=generator)]
    second = 2 * X[torch.randperm(len(X), generator=generator)]
    ends = (evaluate(model, first) + evaluate(model, second)) / 2
    middle = evaluate(model, (first + second) / 2)
    return bool((middle - ends).abs().max() < 1e-4 * (ends.std() + 1e-6))

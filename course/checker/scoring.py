"""Scores a learner's `train(X, y)` on points that the checker draws itself."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from course.checker.comparing import Code, Wrong, show_shape, type_of

RESTARTS = 3  # trainings of which the best counts: a start can be unlucky


def train_and_score(
    code: Code,
    make: Callable[[int, int], tuple[Tensor, Tensor]],
    classes: int,
    accept: float,
    fails: Iterable[str] = (),
) -> list[str]:
    """Let the learner's `train(X, y)` train, plain and with the labels renamed; measure on 3,000 fresh points.

    Args:
        code: the learner's file.
        make: called as make(number of points, seed); returns X [N, 2] float32 and y [N] int64.
        classes: number of classes.
        accept: percentage from which a score passes.
        fails: diagnoses of the watcher that fail the exercise.

    Returns:
        What was measured, as sentences.
    """
    scores = []
    for shift in (0, 1):
        trials = []
        for seed in range(code.seed, code.seed + 1000 * RESTARTS, 1000):
            X, y = make(1000, seed)
            torch.manual_seed(seed)
            with code.watcher:
                model = code.call("train", X.clone(), (y + shift) % classes)
            expect_model(model)
            code.judge_training(fails)
            fresh_X, fresh_y = make(3000, seed + 500)
            fresh_y = (fresh_y + shift) % classes
            logits = forward(model, fresh_X, classes)
            trials.append((percent(labels_of(logits), fresh_y), model, logits, fresh_X, fresh_y))
            if trials[-1][0] >= accept:
                break
        best = max(trials, key=lambda trial: trial[0])
        scores.append(best[0])
        if scores[-1] < accept:
            sentence = f"The model of train(X, y) is right on {scores[-1]:.1f} % of 3000 points it has never seen"
            got = f"{scores[-1]:.1f} % (chance: {100 / classes:.0f} %)"
            why = why_so_low(code, scores, *best[1:])
            end = " when the labels are swapped." if shift else "."
            raise Wrong(sentence=sentence + end, got=got, expected=f"at least {accept} %", **why)
    return [
        f"{scores[0]:.1f} % of 3000 fresh points, {scores[1]:.1f} % with the labels swapped (needed: {accept} %)"
    ]


def expect_model(model) -> None:
    """Raise Wrong unless `train(X, y)` returned something that can be called as a model."""
    if not callable(model):
        cause = (
            "A function without `return` gives None."
            if model is None
            else "Return the model alone."
        )
        sentence = f"train(X, y) returns {type_of(model)}; the checker needs the trained model."
        raise Wrong("returned-none" if model is None else "type", sentence, cause=cause)


def why_so_low(
    code: Code, scores: list[float], model, logits: Tensor, X: Tensor, y: Tensor
) -> dict:
    """Return diagnosis and cause, the most probable ones, of the last score."""
    if len(scores) == 2 and (scores[1] < 50 or scores[1] < scores[0] - 40):
        cause = "The labels' names were swapped, and the model answers as before: it does not learn from y."
        return {"diagnosis": "hard-coded", "cause": cause}
    probabilities = logits.ndim == 1 and bool(((logits >= 0) & (logits <= 1)).all())
    if probabilities and percent((logits >= 0.5).long(), y) > scores[-1]:
        cause = "The model returns probabilities; the task asks for logits, without a sigmoid at the end."
        return {"diagnosis": "probabilities", "cause": cause}
    for diagnosis, finding in code.remarks.items():
        cause = f"{finding['sentence']} {finding['cause']}"
        return {"diagnosis": diagnosis, "cause": cause, "line": finding["line"]}
    if is_affine(model, X):
        cause = "The model is a straight line: without an activation between them, linear layers are one linear layer."
        return {"diagnosis": "no-nonlinearity", "cause": cause}
    cause = "More epochs, another learning rate or a wider network: look at the loss you print."
    return {"diagnosis": "score", "cause": cause}


def forward(model, X: Tensor, classes: int) -> Tensor:
    """Return the logits of a trained model, [N] for one logit a row or [N, K]."""
    out = evaluate(model, X)
    if isinstance(out, Tensor) and out.shape in {(len(X), 1), (len(X), 1, 1)}:
        out = out.reshape(len(X))
    right = isinstance(out, Tensor) and (
        out.shape == (len(X), classes) or (classes == 2 and out.shape == (len(X),))
    )
    if not right:
        sentence = f"The model turns X {show_shape(X)} into {show_shape(out)}."
        shapes = f"[{len(X)}, {classes}]" + (
            f", [{len(X)}] or [{len(X)}, 1]" if classes == 2 else ""
        )
        cause = "The number of outputs of the last layer, or a reshape after it, does not fit the classes."
        raise Wrong(
            "model-output", sentence, got=show_shape(out), expected=f"logits {shapes}", cause=cause
        )
    return out


def evaluate(model, X: Tensor):
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


def is_affine(model, X: Tensor) -> bool:
    """Say whether a model is a straight line: then the middle of two inputs gives the middle of their outputs."""
    generator = torch.Generator().manual_seed(0)
    first, second = (X[torch.randperm(len(X), generator=generator)] * 2 for _ in range(2))
    ends = (evaluate(model, first) + evaluate(model, second)) / 2
    return bool(
        (evaluate(model, (first + second) / 2) - ends).abs().max() < 1e-4 * (ends.std() + 1e-6)
    )

"""Check of exercise 13: each of the five mistakes is looked for by what it does."""

import torch
from sklearn.datasets import make_blobs
from torch import nn

from course.checker.comparing import wrong
from course.checker.scoring import evaluate, expect_model, percent
from course.checker.watching import Watcher

HINTS = (
    (
        "Two of the five stand in evaluate, one in the model, two in train. Print shapes, and the "
        "loss over the epochs."
    ),
    (
        "CrossEntropyLoss takes logits. An optimizer moves only the parameters it was built from. "
        "Gradients add up."
    ),
    "In evaluate: model.eval(), torch.inference_mode(), and predictions of the shape of y, [N].",
)
WHY = """None of the five raises an error, and with some of them the accuracy still looks good.
    Each leaves a trace of its own: a loss that stands still, a floor under it, a step that
    grows, an accuracy above 100 %, one that changes from call to call."""
MARGIN = 5.0  # percentage points below the rule of the nearest mean that are accepted
FAILS = ("softmax-twice", "other-parameters", "no-zero-grad", "zeroed-before-step", "broadcast")


def check(code):
    """Train under the watcher, then evaluate."""
    X, y = make(code.seed)
    torch.manual_seed(code.seed)
    with Watcher(code.path) as training:
        model = code.call("train", X.clone(), y.clone())
    code.judge_training(training, FAILS)
    expect_model(model)
    if not any(isinstance(module, nn.Dropout) for module in getattr(model, "modules", tuple)()):
        raise wrong(
            "changed-model",
            "The model has lost its dropout.",
            cause="Fix the mistakes, keep the layers.",
        )
    check_that_it_learned(training, model, X, y)
    model.train()
    with Watcher(code.path) as evaluation:
        got = code.call("evaluate", model, X.clone(), y.clone())
    code.judge_training(evaluation, FAILS)
    code.judge_evaluation(evaluation)
    right = percent(evaluate(model, X).argmax(dim=1), y)
    code.compare("evaluate(model, X [600, 2], y [600])", got, right)
    return [f"none of the five is left; accuracy {right:.1f} %"]


def make(seed):
    """Draw three clouds of points, of mean 0 and standard deviation 1."""
    points, labels = make_blobs(600, centers=3, cluster_std=1.2, random_state=seed)
    X = torch.from_numpy(points).float()
    X = (X - X.mean(dim=0)) / X.std(dim=0)
    return X, torch.from_numpy(labels)


def check_that_it_learned(training, model, X, y):
    """Raise WrongAnswerError unless parameters moved, and for the better."""
    if training.backwards == 0:
        cause = "Keep loss.backward() and optimizer.step()."
        raise wrong("no-training", "train(X, y) does not train.", cause=cause)
    if training.updates == 0:
        cause = "optimizer.step() is missing, or its parentheses are."
        raise wrong("no-step", "No parameter moves while train(X, y) runs.", cause=cause)
    score = percent(evaluate(model, X).argmax(dim=1), y)
    needed = nearest_mean_score(X, y) - MARGIN
    if score < needed:
        raise wrong(
            "score",
            f"The model of train(X, y) is right on {score:.1f} % of the points it was trained on.",
            got=f"{score:.1f} %",
            expected=f"at least {needed:.1f} %",
            cause="Keep the layers, the learning rate and the number of epochs.",
        )


def nearest_mean_score(X, y):
    """Return the percentage of points that lie nearest to the mean of their own class."""
    means = torch.stack([X[y == label].mean(dim=0) for label in range(3)])
    nearest = torch.cdist(X, means).argmin(dim=1)
    return percent(nearest, y)

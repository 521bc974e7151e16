"""Check of exercise 13: each of the five mistakes is looked for by what it does."""

import torch
from sklearn.datasets import make_blobs
from torch import nn

from course.checker.comparing import Wrong
from course.checker.scoring import expect_model, percent

HINTS = (
    "Two of the five stand in evaluate, one in the model, two in train. Print shapes, and the loss over the epochs.",
    "CrossEntropyLoss takes logits. An optimizer moves only the parameters it was built from. Gradients add up.",
    "In evaluate: model.eval(), torch.inference_mode(), and predictions of the shape of y, [N].",
)
WHY = """None of the five raises an error, and with some of them the accuracy still looks well. Each leaves a trace
    of its own: a loss that stands still, a floor under it, a step that grows, an accuracy above 100 %, one that
    changes from call to call."""
FAILS = ("softmax-twice", "other-parameters", "no-zero-grad", "zeroed-before-step", "broadcast")


def check(code):
    """Train under the watcher, then evaluate."""
    X, y = (
        torch.from_numpy(a)
        for a in make_blobs(600, centers=3, cluster_std=1.2, random_state=code.seed)
    )
    X = (X.float() - X.float().mean(dim=0)) / X.float().std(dim=0)
    torch.manual_seed(code.seed)
    with code.watcher:
        model = code.call("train", X.clone(), y.clone())
    code.judge_training(FAILS)
    expect_model(model)
    if not any(isinstance(module, nn.Dropout) for module in getattr(model, "modules", tuple)()):
        raise Wrong(
            "changed-model",
            "The model has lost its dropout.",
            cause="Mend the mistakes, keep the layers.",
        )
    if code.watcher.backwards == 0:
        raise Wrong(
            "no-training",
            "train(X, y) does not train.",
            cause="Keep loss.backward() and optimizer.step().",
        )
    model.train()
    with code.watcher:
        got = code.call("evaluate", model, X.clone(), y.clone())
    code.judge_training(FAILS)
    code.judge_evaluation()
    model.eval()
    with torch.no_grad():
        right = percent(model(X).argmax(dim=1), y)
    code.compare("evaluate(model, X [600, 2], y [600])", got, right)
    return [f"none of the five is left; accuracy {right:.1f} %"]

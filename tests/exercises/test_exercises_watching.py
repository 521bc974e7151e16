"""The watcher: silent on correct loops of every style, and right about each mistake, also where the score is good."""

import builtins
from pathlib import Path

import exercise_loops
import pytest
import torch
import torch.nn.functional as F
from exercise_loops import LOOPS, net, plain
from torch import nn, optim

from course.checker.messages import CRASHES, MISTAKES, explain
from course.checker.watching import Watcher

WRONG = []


def wrong(diagnosis):
    def register(function):
        WRONG.append(pytest.param(function, diagnosis, id=f"{diagnosis}: {function.__name__}"))
        return function

    return register


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(120, 2, generator=generator)
    torch.manual_seed(0)
    return X, (X.norm(dim=1) > 1.2).long()


def findings(function, data, path):
    watcher = Watcher(Path(path))
    with watcher:
        function(*data)
    return watcher.findings()


def test_many_styles_of_correct_loops_are_tried():
    assert len(LOOPS) >= 60


@pytest.mark.parametrize("name", LOOPS)
def test_no_false_alarm(name, data):
    assert findings(LOOPS[name], data, exercise_loops.__file__) == []


@wrong("no-zero-grad")
def never_zeroed(X, y):
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    for _ in range(5):
        F.cross_entropy(model(X), y).backward()
        optimizer.step()  # here


@wrong("no-zero-grad")
def zeroed_once(X, y):
    model = net()
    optimizer = optim.Adam(model.parameters())
    optimizer.zero_grad()
    for xb, yb in zip(X.split(20), y.split(20), strict=True):
        nn.CrossEntropyLoss()(model(xb), yb).backward()
        optimizer.step()  # here


@wrong("no-zero-grad")
def accumulated_without_end(X, y):
    model = net()
    optimizer = optim.RMSprop(model.parameters())
    for _ in range(3):
        for xb, yb in zip(X.chunk(4), y.chunk(4), strict=True):
            (F.cross_entropy(model(xb), yb) / 4).backward()
        optimizer.step()  # here


@wrong("no-zero-grad")
def other_model_is_zeroed(X, y):
    model, other = net(), net()
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    for _ in range(5):
        other.zero_grad()
        F.cross_entropy(model(X), y).backward()
        optimizer.step()  # here


@wrong("no-zero-grad")
def closure_without_zero(X, y):
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.01)

    def closure():
        loss = F.cross_entropy(model(X), y)
        loss.backward()
        return loss

    for _ in range(3):
        optimizer.step(closure)  # here


@wrong("no-zero-grad")
def never_zeroed_in_a_second_training(X, y):
    plain(X, y)
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    for _ in range(5):
        torch.autograd.backward(F.cross_entropy(model(X), y))
        optimizer.step()  # here


@wrong("no-zero-grad")
def never_zeroed_by_hand(X, y):
    model = net()
    for _ in range(5):
        F.cross_entropy(model(X), y).backward()  # here
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.01 * p.grad


@wrong("no-zero-grad")
def zeroed_once_in_two_updates_by_hand(X, y):
    model = net()
    for step in range(6):
        F.cross_entropy(model(X), y).backward()  # here
        for p in model.parameters():
            p.data = p.data - 0.01 * p.grad
            if step % 2:
                p.grad = None


@wrong("zeroed-before-step")
def gone_before_the_step(X, y):
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        F.cross_entropy(model(X), y).backward()
        optimizer.zero_grad()
        optimizer.step()  # here


@wrong("zeroed-before-step")
def filled_with_zeros_before_the_step(X, y):
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        F.cross_entropy(model(X), y).backward()
        optimizer.zero_grad(set_to_none=False)
        optimizer.step()  # here


@wrong("other-parameters")
def another_models_parameters(X, y):
    model, old = net(), net()
    optimizer = optim.SGD(old.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(model(X), y).backward()
        optimizer.step()  # here


@wrong("softmax-twice")
def softmax_in_the_model_at_a_good_score(X, y):
    model = nn.Sequential(net(width=32), nn.Softmax(dim=1))
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    for _ in range(150):
        optimizer.zero_grad()
        F.cross_entropy(model(X), y).backward()  # here
        optimizer.step()
    assert (model(X).argmax(1) == y).float().mean() >= 0.99


@wrong("softmax-twice")
def softmax_by_hand(X, y):
    model = net()
    for _ in range(3):
        e = model(X).exp()
        nn.CrossEntropyLoss()(e / e.sum(1, keepdim=True), y).backward()  # here


@wrong("softmax-twice")
def softmax_of_one_row(X, y):
    model = net()
    F.cross_entropy(model(X[:1]).softmax(-1).squeeze(0)[None], y[:1]).backward()  # here


@wrong("sigmoid-twice")
def sigmoid_in_the_model(X, y):
    model = nn.Sequential(net(1), nn.Sigmoid())
    nn.BCEWithLogitsLoss()(model(X).squeeze(1), y.float()).backward()  # here


@wrong("sigmoid-twice")
def sigmoid_by_hand_at_a_good_score(X, y):
    model = net(1, 32)
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    for _ in range(500):
        optimizer.zero_grad()
        probs = 1 / (1 + torch.exp(-model(X)[:, 0]))
        F.binary_cross_entropy_with_logits(probs, y.float()).backward()  # here
        optimizer.step()
    assert ((probs > 0.5) == y).float().mean() >= 0.99


@wrong("eval-with-gradients")
def test_pass_recorded(X, y):
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        F.cross_entropy(model(X), y).backward()
        optimizer.step()
        model.eval()
        (model(X[:50]).argmax(1) == y[:50]).float().mean().item()  # here


test_pass_recorded.__test__ = False


@wrong("eval-in-train-mode")
def dropout_at_work(X, y):
    model = plain(X, y, model=nn.Sequential(nn.Linear(2, 8), nn.Dropout(), nn.Linear(8, 2)))
    with torch.no_grad():
        model(X)  # here


@wrong("eval-in-train-mode")
def batch_norm_at_work(X, y):
    model = plain(X, y, model=nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Linear(8, 2)))
    with torch.inference_mode():
        model(X)  # here


@wrong("broadcast")
def squared_error_of_columns(X, y):
    with pytest.warns(UserWarning, match="target size"):
        F.mse_loss(net(1)(X), y.float()).backward()  # here


@wrong("broadcast")
def squared_error_by_hand(X, y):
    ((net(1)(X) - y) ** 2).mean().backward()  # here


@wrong("broadcast")
def accuracy_of_columns(X, y):
    with torch.no_grad():
        preds = (net(1)(X) > 0).long()
    (preds == y).float().mean()  # here


@wrong("broadcast")
def accuracy_with_eq(X, y):
    with torch.no_grad():
        torch.eq(y, net(1)(X).round()).sum()  # here


@pytest.mark.parametrize(("function", "diagnosis"), WRONG)
def test_mistake_is_named_with_its_line(function, diagnosis, data):
    (found,) = findings(function, data, __file__)
    assert found.diagnosis == diagnosis
    line = Path(__file__).read_text().splitlines()[found.line - 1]
    assert line.endswith("# here")


def test_every_mistake_is_tested():
    assert {case.values[1] for case in WRONG} == set(MISTAKES)


def test_updates_are_counted_between_backward_passes(data):
    for make, moves in (
        (lambda p: optim.SGD(p, lr=0.1), True),
        (lambda p: optim.SGD(p, lr=0.0), False),
    ):
        watcher = Watcher(Path(exercise_loops.__file__))
        with watcher:
            plain(*data, make=make)
        assert watcher.backwards == exercise_loops.STEPS
        assert watcher.updates == (exercise_loops.STEPS - 1 if moves else 0)


def test_watching_changes_no_number(data):
    results = []
    for watched in (False, True):
        torch.manual_seed(3)
        if watched:
            with Watcher(Path(exercise_loops.__file__)):
                model = plain(*data)
        else:
            model = plain(*data)
        results.append([p.detach().clone() for p in model.parameters()])
    assert all(torch.equal(p, q) for p, q in zip(*results, strict=True))


# Crashes: each row of the table by the code that provokes it


def leaf():
    return torch.ones(3, requires_grad=True)


def overwritten():
    x = leaf().exp()
    y = x.exp()
    y += 1
    y.sum().backward()


def twice():
    loss = (leaf() ** 2).sum()
    loss.backward()
    loss.backward()


class NoSuper(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(1, 1)


def inference_tensor():
    with torch.inference_mode():
        x = torch.ones(3)
    (x * leaf()).sum().backward()


def endless():
    return endless()


def index_error():
    F.cross_entropy(torch.zeros(2, 3), torch.tensor([0, 3]))


CODE = {
    "often the logits are [N, 1]": lambda: F.binary_cross_entropy_with_logits(
        torch.zeros(4, 1), torch.zeros(4)
    ),
    "float dtype, and got whole": lambda: F.binary_cross_entropy_with_logits(
        torch.zeros(4), torch.zeros(4).long()
    ),
    "int64, and got other": lambda: F.cross_entropy(torch.zeros(4, 2), torch.zeros(4)),
    "labels of shape [N], and got [N, 1]": lambda: F.cross_entropy(
        torch.zeros(4, 2), torch.zeros(4, 1).long()
    ),
    "BCELoss wants probabilities": lambda: F.binary_cross_entropy(
        torch.full((4,), 2.0), torch.ones(4)
    ),
    "label is larger": index_error,
    "another length than its in_features": lambda: nn.Linear(5, 1)(torch.zeros(8, 10)),
    "NumPy gives float64": lambda: nn.Linear(2, 1)(torch.zeros(8, 2).double()),
    "different devices": None,  # needs two devices
    "NumPy cannot follow": lambda: leaf().numpy(),
    "no way from the loss": lambda: torch.ones(3).sum().backward(),
    "fewer dimensions": lambda: torch.ones(3).argmax(dim=1),
    "called twice": twice,
    "changed in place while": lambda: leaf().add_(1),
    "overwritten": overwritten,
    "Only float tensors": lambda: torch.ones(3, dtype=torch.int64).requires_grad_(),
    "needs one number": lambda: (leaf() * 2).backward(),
    "another number of elements": lambda: torch.ones(6).reshape(4, 2),
    "do not fit each other": lambda: torch.ones(3) + torch.ones(4),
    "has no parameters": lambda: optim.SGD([], lr=0.1),
    "before nn.Module is ready": NoSuper,
    "no method forward": lambda: nn.Module()(1),
    "need one truth value": lambda: bool(torch.ones(3) > 0),
    "a tensor with one value": lambda: torch.ones(3).item(),
    "made under inference_mode": inference_tensor,
    "batch of one row": lambda: nn.BatchNorm1d(2)(torch.ones(1, 2)),
    "nobody can answer": None,  # tested with the checker
    "no module of this name": lambda: __import__("torhc"),
    "calls itself": endless,
}


def test_every_row_of_the_table_is_tested():
    assert len(CRASHES) >= 20
    for crash in CRASHES:
        assert sum(part in crash.meaning for part in CODE) == 1, crash
    assert len(CODE) == len(CRASHES)


@pytest.mark.parametrize("part", [part for part, code in CODE.items() if code])
def test_crash_is_translated(part):
    with pytest.raises(Exception) as caught:  # noqa: PT011  which one is the table's business
        CODE[part]()
    text = explain(caught.value)
    assert part in text
    assert text.endswith(".")


def test_device_crash_is_translated():
    error = RuntimeError(
        "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!"
    )
    assert "different devices" in explain(error)


def test_unknown_crash_keeps_its_own_words():
    assert explain(KeyError("x")) == ""
    assert all(hasattr(builtins, crash.error) for crash in CRASHES)

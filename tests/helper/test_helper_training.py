"""helper_functions: fit, train_step and test_step against the loop written out, number by number."""

import pytest
import torch
from helper_tools import refuses
from torch import nn

import helper_functions as hf


class FrozenNorm(nn.BatchNorm1d):
    """A part with its own idea of train(): its statistics stay as they are."""

    def train(self, mode=True):
        return super().train(mode=False)


class Watchful(nn.Dropout):
    """A part that keeps its mode elsewhere, and so needs its own __setattr__ to be called."""

    def __setattr__(self, name, value):
        if name == "training":
            super().__setattr__("rate", 0.5 if value else 0.0)
        super().__setattr__(name, value)

    def forward(self, x):
        return nn.functional.dropout(x, self.rate)


PARTS = {
    "plain": nn.ReLU,
    "dropout": lambda: nn.Dropout(0.3),
    "batch norm": lambda: nn.BatchNorm1d(8),
    "frozen norm": lambda: FrozenNorm(8),
    "watchful": Watchful,
}


def problem(n_outputs, part="plain", n_train=60, n_test=25):
    """Return model, data and loss for one logit (binary cross entropy) or several (cross entropy)."""
    torch.manual_seed(7)
    X_train, X_test = torch.randn(n_train, 2), torch.randn(n_test, 2)
    target = torch.float32 if n_outputs == 1 else torch.int64
    y_train, y_test = (
        (X.norm(dim=1) * 2).long().clamp(max=max(1, n_outputs - 1)).to(target)
        for X in (X_train, X_test)
    )
    model = nn.Sequential(nn.Linear(2, 8), PARTS[part](), nn.Tanh(), nn.Linear(8, n_outputs))
    loss_fn = nn.BCEWithLogitsLoss() if n_outputs == 1 else nn.CrossEntropyLoss()
    return model, X_train, X_test, y_train, y_test, loss_fn


def labels_of(logits):
    """Logits to labels by way of probabilities, as lesson 02 does it."""
    if logits.ndim == 1:
        return (torch.sigmoid(logits) >= 0.5).long()
    return torch.softmax(logits, dim=1).argmax(dim=1)


def loop_written_out(model, X_train, X_test, y_train, y_test, loss_fn, optimizer, epochs):
    history = {"train_loss": [], "train_acc": [], "test_loss": [], "test_acc": []}
    for _ in range(epochs):
        model.train()
        logits = model(X_train)
        if logits.shape[1] == 1:
            logits = logits.squeeze(1)
        loss = loss_fn(logits, y_train)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.eval()
        with torch.inference_mode():
            test_logits = model(X_test)
            if test_logits.shape[1] == 1:
                test_logits = test_logits.squeeze(1)
            test_loss = loss_fn(test_logits, y_test)
        history["train_loss"].append(loss.item())
        history["train_acc"].append(
            (labels_of(logits) == y_train).sum().item() / len(y_train) * 100
        )
        history["test_loss"].append(test_loss.item())
        history["test_acc"].append(
            (labels_of(test_logits) == y_test).sum().item() / len(y_test) * 100
        )
    return history


@pytest.mark.parametrize("n_outputs", [1, 2, 4])
@pytest.mark.parametrize("part", PARTS)
def test_fit_gives_the_numbers_of_the_loop_written_out_to_the_last_bit(n_outputs, part):
    runs = []
    for train in (loop_written_out, hf.fit):
        model, *data, loss_fn = problem(n_outputs, part)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
        torch.manual_seed(11)  # for the dropout
        runs.append((train(model, *data, loss_fn, optimizer, 30), model))
    (expected, reference), (history, model) = runs
    assert history == expected
    assert list(history) == list(expected)
    assert {type(value) for values in history.values() for value in values} == {float}, (
        "plain numbers, not tensors"
    )
    assert len(set(history["train_loss"])) > 20, "nothing was learned, so nothing was compared"
    assert not any(module.training for module in model.modules())
    for (name, value), (_, by_hand) in zip(
        model.state_dict().items(), reference.state_dict().items(), strict=True
    ):
        assert torch.equal(value, by_hand), name


def test_the_metrics_of_fit_are_those_of_accuracy_fn_and_the_loss():
    model, X_train, X_test, y_train, y_test, loss_fn = problem(3)
    before = model(X_train)
    history = hf.fit(
        model,
        X_train,
        X_test,
        y_train,
        y_test,
        loss_fn,
        torch.optim.SGD(model.parameters(), lr=1),
        1,
    )
    after = model(X_test)
    assert history == {
        "train_loss": [loss_fn(before, y_train).item()],
        "train_acc": [hf.accuracy_fn(y_train, hf.logits_to_labels(before))],
        "test_loss": [loss_fn(after, y_test).item()],
        "test_acc": [hf.accuracy_fn(y_test, hf.logits_to_labels(after))],
    }


def test_fit_prints_the_log_line_of_the_course(capsys):
    # 423 of 800 and 105 of 200 are right, and the losses are constants, so that the line is the course's own example
    points = torch.zeros(1000, 2)
    y = torch.cat([torch.ones(423), torch.zeros(377), torch.ones(105), torch.zeros(95)])
    model = nn.Linear(2, 1)
    nn.init.zeros_(model.bias)
    data = points[:800], points[800:], y[:800], y[800:]

    def loss_fn(logits, y):
        return 0 * logits.sum() + (0.69115 if len(y) == 800 else 0.69102)

    hf.fit(model, *data, loss_fn, torch.optim.SGD(model.parameters(), lr=0.1), 102, log_every=50)
    rest = " | Loss: 0.69115, Accuracy: 52.88% | Test loss: 0.69102, Test accuracy: 52.50%"
    assert capsys.readouterr().out.splitlines() == [
        f"Epoch{epoch}{rest}" for epoch in ("    0", "   50", "  100")
    ]


def test_fit_without_log_every_prints_nothing_and_without_epochs_does_nothing(capsys):
    model, *data, loss_fn = problem(1)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    history = hf.fit(model, *data, loss_fn, optimizer, 0, log_every=1)
    assert history == {"train_loss": [], "train_acc": [], "test_loss": [], "test_acc": []}
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    hf.fit(model, *data, loss_fn, optimizer, 2)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("model", "words"),
    [(lambda X: X, ["function", "torch.nn.Module"]), (nn.Linear, ["the class Linear itself"])],
)
def test_fit_refuses_what_is_not_a_network(model, words):
    network, *data, loss_fn = problem(1)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    with refuses("model", *words):
        hf.fit(model, *data, loss_fn, optimizer, 3)


@pytest.mark.parametrize("epochs", [-1, 2.5, "3", None, True])
def test_fit_refuses_what_is_not_a_number_of_epochs(epochs):
    model, *data, loss_fn = problem(1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with refuses(f"epochs is {epochs!r}", "whole number"):
        hf.fit(model, *data, loss_fn, optimizer, epochs)


@pytest.mark.parametrize("log_every", [0, -1, 0.5, "1"])
def test_fit_refuses_to_log_every_so_many_epochs_that_are_not_a_number(log_every):
    model, *data, loss_fn = problem(1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with refuses(f"log_every is {log_every!r}", "whole number"):
        hf.fit(model, *data, loss_fn, optimizer, 3, log_every)


def test_fit_refuses_labels_whose_shape_would_broadcast():
    model, X_train, X_test, y_train, y_test, _ = problem(1)
    with refuses("[60, 1]", "[60]"):
        hf.fit(
            model, X_train, X_test, y_train.unsqueeze(1), y_test.unsqueeze(1),
            lambda logits, y: logits.sum(), torch.optim.SGD(model.parameters(), lr=0.1), 1,
        )  # fmt: skip


ORDER = "the order is X_train, X_test, y_train, y_test"


@pytest.mark.parametrize("n_outputs", [1, 4])
@pytest.mark.parametrize("n_test", [25, 60])  # also when both sets have as many rows
def test_fit_refuses_the_order_of_version_1_and_changes_nothing(n_outputs, n_test):
    model, X_train, X_test, y_train, y_test, loss_fn = problem(n_outputs, n_test=n_test)
    before = [parameter.clone() for parameter in model.parameters()]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with refuses("X_train", ORDER):
        hf.fit(model, X_train, y_train, X_test, y_test, loss_fn, optimizer, 3)
    assert all(map(torch.equal, model.parameters(), before))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("X_train", [[0.0, 1.0]] * 60, ["X_train is of the type list"]),
        ("y_test", None, ["y_test is of the type NoneType"]),
        ("y_train", torch.tensor(1.0), ["y_train is a single number"]),
        ("X_test", torch.zeros(25, 3), ["[60, 2]", "[25, 3]"]),
        ("y_train", torch.zeros(1), ["X_train has 60 rows", "y_train 1 label;"]),
        ("X_test", torch.zeros(1, 2), ["X_test has 1 row ", "y_test 25 labels"]),
    ],
)
def test_fit_refuses_tensors_that_do_not_belong_together(name, value, words):
    model, X_train, X_test, y_train, y_test, loss_fn = problem(1)
    data = {"X_train": X_train, "X_test": X_test, "y_train": y_train, "y_test": y_test, name: value}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with refuses(*words, ORDER):
        hf.fit(model, **data, loss_fn=loss_fn, optimizer=optimizer, epochs=3)


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_train_step_and_test_step_are_one_epoch_of_fit(n_outputs):
    model, *data, loss_fn = problem(n_outputs, "dropout")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    torch.manual_seed(3)
    history = hf.fit(model, *data, loss_fn, optimizer, 3)

    model, X_train, X_test, y_train, y_test, loss_fn = problem(n_outputs, "dropout")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    torch.manual_seed(3)
    for epoch in range(3):
        train = hf.train_step(model, X_train, y_train, loss_fn, optimizer)
        assert all(module.training for module in model.modules())
        assert train == (history["train_loss"][epoch], history["train_acc"][epoch])
        test = hf.test_step(model, X_test, y_test, loss_fn)
        assert not any(module.training for module in model.modules())
        assert test == (history["test_loss"][epoch], history["test_acc"][epoch])
    assert hf.test_step(model, X_test, y_test, loss_fn) == test, "measuring changed the model"


@pytest.mark.skipif(
    not torch.accelerator.is_available(),
    reason="this machine has no accelerator that PyTorch can use",
)
@pytest.mark.parametrize("n_outputs", [1, 4])
def test_training_works_on_the_accelerator(n_outputs):
    model, *data, loss_fn = problem(n_outputs)
    device = hf.pick_device()
    expected = loop_written_out(
        model, *data, loss_fn, torch.optim.SGD(model.parameters(), lr=0.1), 5
    )
    model, *data, loss_fn = problem(n_outputs)
    model.to(device)
    on_device = [values.to(device) for values in data]
    history = hf.fit(model, *on_device, loss_fn, torch.optim.SGD(model.parameters(), lr=0.1), 5)
    assert history["train_loss"] == pytest.approx(expected["train_loss"], abs=1e-4)
    labels = hf.logits_to_labels(model(on_device[0]))
    assert labels.device.type == device.type
    assert hf.accuracy_fn(data[2], labels) == hf.accuracy_fn(labels, on_device[2])

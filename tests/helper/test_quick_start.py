"""The quick start: one thread, and torch._dynamo on demand; each promise tried in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from course import quick_start

ROOT = Path(__file__).resolve().parents[2]


def in_a_fresh_process(code, **environment):
    """Run Python code in a new process; return what it prints last, which is JSON."""
    process = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2", **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])


# Four optimizers, a schedule and a state that is saved and loaded: the losses, to the last bit.
TRAINING = """
import json, sys
import torch
from torch import nn
import course.quick_start

def train(make):
    torch.manual_seed(0)
    X = torch.randn(64, 2)
    y = (X.prod(dim=1) > 0).float()
    model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = make(model.parameters())
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 20)
    losses = []
    for epoch in range(20):
        loss = nn.functional.binary_cross_entropy_with_logits(model(X).squeeze(1), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item().hex())
        if epoch == 10:
            optimizer.load_state_dict(optimizer.state_dict())
    return losses

losses = {
    "SGD": train(lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
    "Adam": train(lambda p: torch.optim.Adam(p, lr=0.05)),
    "AdamW": train(lambda p: torch.optim.AdamW(p, lr=0.05)),
    "RMSprop": train(lambda p: torch.optim.RMSprop(p, lr=0.01)),
}
loaded = [name for name in ("sympy", "torch._dynamo.eval_frame") if name in sys.modules]
print(json.dumps({"losses": losses, "loaded": loaded, "threads": torch.get_num_threads()}))
"""


@pytest.fixture(scope="module")
def with_and_without():
    return in_a_fresh_process(TRAINING), in_a_fresh_process(TRAINING, COURSE_QUICK_START="0")


def test_losses_are_the_same_to_the_last_bit(with_and_without):
    quick, slow = with_and_without
    assert quick["losses"] == slow["losses"]
    assert all(len(set(losses)) == 20 for losses in quick["losses"].values()), "nothing was learned"


def test_the_compiler_is_loaded_only_where_the_quick_start_is_off(with_and_without):
    quick, slow = with_and_without
    assert quick["loaded"] == []
    assert slow["loaded"] == ["sympy", "torch._dynamo.eval_frame"]


def test_one_thread_is_set_in_both_cases(with_and_without):
    assert [run["threads"] for run in with_and_without] == [1, 1]


# What else PyTorch offers, each tried behind a training with the stand-in; `result` must be True.
AFTERWARDS = {
    "torch.compile of a model": """
model = nn.Sequential(nn.Linear(2, 8), nn.ReLU())
X = torch.randn(5, 2)
result = torch.equal(torch.compile(model, backend="eager")(X), model(X))
""",
    "torch.compile of an optimizer's step": """
def losses(compiled):
    parameter = nn.Parameter(torch.ones(3))
    optimizer = torch.optim.Adam([parameter], lr=0.1)
    step = torch.compile(optimizer.step, backend="eager") if compiled else optimizer.step
    found = []
    for _ in range(4):
        loss = (parameter**2).sum()
        optimizer.zero_grad()
        loss.backward()
        step()
        found.append(loss.item())
    return torch.tensor(found)
result = torch.allclose(losses(True), losses(False), atol=1e-4)  # compiled, Adam rounds in another order
""",
    "the compiler is told what it must not compile": """
torch._dynamo.reset()
optimizer.zero_grad()  # asks again, now that the real package is there
zero_grad = torch.optim.Optimizer.zero_grad.__wrapped__
result = vars(zero_grad)["__dynamo_disable"]._torchdynamo_disable
""",
    "torch.func": """
from torch.func import grad, vmap
def loss(w, x):
    return (w * x).sum() ** 2
w, X = torch.tensor([1.0, 2.0]), torch.tensor([[1.0, 1.0], [0.0, 2.0]])
result = vmap(grad(loss), in_dims=(None, 0))(w, X).tolist() == [[6.0, 6.0], [0.0, 16.0]]
""",
    "torch.export": """
class Twice(nn.Module):
    def forward(self, x):
        return 2 * x
exported = torch.export.export(Twice(), (torch.ones(2),))
result = exported.module()(torch.ones(2)).tolist() == [2, 2]
""",
    "import of the settings, which refuse new attributes": """
import torch._dynamo.config as config
result = config is sys.modules["torch._dynamo.config"] and config.recompile_limit > 0
""",
    "a part is run once only, and keeps its specification": """
import torch._dynamo.utils
from torch._dynamo import utils
result = utils is sys.modules["torch._dynamo.utils"] is torch._dynamo.utils
result = result and torch._dynamo.convert_frame.counters is utils.counters
result = result and utils.__spec__.origin.endswith("utils.py")
""",
    "import of a part that the package does not load itself": """
import torch._dynamo.testing as testing
result = testing.__name__ == "torch._dynamo.testing" and "sympy" in sys.modules
""",
    "import of a part that is not there": """
try:
    import torch._dynamo.nothing
except ModuleNotFoundError as error:
    result = error.name == "torch._dynamo.nothing"
""",
    "torch._dynamo.disable of one's own": """
@torch._dynamo.disable
def double(x):
    return 2 * x
result = double(4) == 8 and "sympy" in sys.modules
""",
    "a look at all modules, which loads nothing": """
import importlib.util, inspect
for module in list(sys.modules.values()):
    getattr(module, "__warningregistry__", None)
inspect.getmodule(inspect.currentframe())
found = importlib.util.find_spec("torch._dynamo")
result = found is not None and "sympy" not in sys.modules
""",
}

TRY_EACH_IN_A_FORK = """
import json, os, sys, traceback
import torch
from torch import nn
import course.quick_start

parameter = nn.Parameter(torch.ones(1))
optimizer = torch.optim.SGD([parameter], lr=0.1)
parameter.sum().backward()
optimizer.step()
optimizer.zero_grad()
assert "sympy" not in sys.modules

answers = {}
for name, code in json.loads(os.environ["CASES"]).items():
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            exec(code, globals())
            answer = "works" if result is True else f"result is {result!r}"
        except BaseException:
            answer = traceback.format_exc()
        os.write(writing, answer.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answers[name] = pipe.read()
    os.wait()
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def afterwards():
    if not hasattr(os, "fork"):
        pytest.skip("needs fork, to try them all from one start of PyTorch")
    return in_a_fresh_process(TRY_EACH_IN_A_FORK, CASES=json.dumps(AFTERWARDS))


@pytest.mark.parametrize("name", AFTERWARDS)
def test_afterwards_all_works_as_ever(afterwards, name):
    assert afterwards[name] == "works"


def test_two_threads_that_ask_at_once_both_get_the_real_package():
    code = """
import json, threading
import torch
import course.quick_start
found = []
both = threading.Barrier(2)
def ask(import_it):
    both.wait()
    found.append(import_it())
def by_attribute():
    return torch._dynamo.config.recompile_limit
def by_import():
    import torch._dynamo.utils
    return torch._dynamo.utils.counters is not None
threads = [threading.Thread(target=ask, args=(way,)) for way in (by_attribute, by_import)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps(len(found)))
"""
    assert in_a_fresh_process(code) == 2


# ---- where it steps aside --------------------------------------------------------------------------------------------

STEPS_ASIDE = """
import json, sys
import torch
{before}
import course.quick_start
stands_in = isinstance(sys.modules.get("torch._dynamo"), course.quick_start.StandIn)
parameter = torch.nn.Parameter(torch.ones(1))
torch.optim.SGD([parameter], lr=0.1).step()
print(json.dumps([stands_in, "sympy" in sys.modules, torch.get_num_threads()]))
"""


@pytest.mark.parametrize(
    "before",
    [
        "import torch._dynamo",
        "torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)",
    ],
    ids=["imported already", "an optimizer was built already"],
)
def test_it_steps_aside_where_the_real_package_is_there(before):
    assert in_a_fresh_process(STEPS_ASIDE.format(before=before)) == [False, True, 1]


def asks_once_by_another_name(function):
    import torch._dynamo

    return torch._dynamo.leave_alone(function, wrapping=False)


def asks_another_way_each_step():
    import torch._dynamo

    torch._dynamo.end_of_graph()


@pytest.mark.parametrize(
    ("owner", "name", "other"),
    [
        (torch.optim.Optimizer, "add_param_group", asks_once_by_another_name),
        (torch.optim.Optimizer, "add_param_group", len),  # not even a Python function
        (torch.optim.SGD, "step", asks_another_way_each_step),
    ],
)
def test_it_steps_aside_where_the_names_it_relies_on_differ(monkeypatch, owner, name, other):
    monkeypatch.delitem(sys.modules, "torch._dynamo", raising=False)
    monkeypatch.delenv("COURSE_QUICK_START", raising=False)
    before = list(sys.meta_path)
    monkeypatch.setattr(owner, name, other)
    assert quick_start.names_are_known() is False
    assert quick_start.install() is False
    assert "torch._dynamo" not in sys.modules
    assert sys.meta_path == before


def test_the_names_it_relies_on_are_those_of_this_pytorch():
    """If this fails with a new release: look how its optimizers ask, and teach quick_start.py."""
    assert in_a_fresh_process(
        "import json, course.quick_start as q; print(json.dumps(q.names_are_known()))"
    )

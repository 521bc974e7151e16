"""The recorder, the page it becomes, and the page as a browser shows it: dragged, pointed at, clicked and read.

The tests that need a browser run in Chromium (or Chrome) and in Firefox, through Selenium; where one of them or its
driver is missing they are skipped, with a warning that says what to install.
"""

import base64
import contextlib
import json
import re
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from film import save_film
from PIL import Image
from torch import nn

from course.player import contract
from course.player.curves import svg_path
from course.player.recorder import UnsupportedError, epochs_to_keep, forward, log_line
from helper_functions import Recorder, fit, save_player

pytest_plugins = ["real_browser"]

ROOT = Path(__file__).resolve().parents[2]

HISTORY = ("train_loss", "train_acc", "test_loss", "test_acc")


def points(n=80, classes=2, seed=0):
    """Return X_train, X_test, y_train, y_test: noise in rings, n points each."""
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(2 * n, 2, generator=generator)
    y = (X.norm(dim=1) * 1.2).long().clamp(max=classes - 1)
    return X[:n], X[n:], y[:n], y[n:]


def stack(activation=nn.ReLU, outputs=1, hidden=(6, 5), seed=0):
    """Return a network with large random weights, so that every activation is used beyond its straight part."""
    torch.manual_seed(seed)
    sizes = [2, *hidden]
    layers = [
        part
        for a, b in zip(sizes, hidden, strict=False)
        for part in (nn.Linear(a, b), activation())
    ]
    model = nn.Sequential(*layers, nn.Linear(sizes[-1], outputs))
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    return model


def train(model, data, epochs=30, lr=0.1):
    """Train for some epochs; return the recorder and the history."""
    X_train, X_test, y_train, y_test = data
    several = model(X_train).shape[-1] > 1
    loss_fn = nn.CrossEntropyLoss() if several else nn.BCEWithLogitsLoss()
    y_train, y_test = (y if several else y.float() for y in (y_train, y_test))
    recorder = Recorder(model, epochs)
    optimizer = torch.optim.SGD(model.parameters(), lr)
    return recorder, fit(
        model, X_train, X_test, y_train, y_test, loss_fn, optimizer, epochs, recorder=recorder
    )


def untrained(model, data):
    """Return recorder and history of one epoch without a step."""
    recorder = Recorder(model, 1)
    recorder.snapshot(0)
    return recorder, {name: [0.5] for name in HISTORY}


def content(path):
    """Return what a page holds for its script."""
    page = path.read_text(encoding="utf-8")
    return json.loads(
        re.search(r'<script type="application/json" id="content">(.*?)</script>', page, re.DOTALL)[
            1
        ]
    )


# ---- The recorder ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("epochs", [1, 2, 100, 120, 121, 300, 1000, 1500, 100_000])
def test_about_120_epochs_are_kept_dense_at_the_start(epochs):
    kept = epochs_to_keep(epochs)
    assert kept == sorted(set(kept))
    assert kept[0] == 0
    assert kept[-1] == epochs - 1
    assert min(epochs, 100) <= len(kept) <= 120
    assert kept[:20] == list(range(min(epochs, 20)))
    if epochs >= 1000:
        gaps = np.diff(kept[20:])
        assert gaps[: len(gaps) // 4].mean() < gaps[-len(gaps) // 4 :].mean() / 1.5


def test_snapshots_hold_the_weights_after_the_step_and_fit_takes_them():
    data = points()
    model = stack()
    recorder, _ = train(model, data, epochs=3)
    recording = recorder.recording(data[0])
    assert recording.epochs == [0, 1, 2]
    with torch.inference_mode():
        np.testing.assert_allclose(
            forward(recording.stages, recording.weights[-1], data[1].numpy()),
            model(data[1]),
            atol=1e-4,
        )
    again = stack()
    train(again, data, epochs=1)
    np.testing.assert_array_equal(
        recording.weights[0],
        torch.cat([p.detach().reshape(-1) for p in again.parameters()]).numpy(),
    )


def test_recording_changes_nothing():
    data = points()
    histories = []
    for recorded in (True, False):
        model = stack()
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        recorder = Recorder(model, 50) if recorded else None
        X_train, X_test, y_train, y_test = data
        histories.append(
            fit(
                model,
                X_train,
                X_test,
                y_train.float(),
                y_test.float(),
                nn.BCEWithLogitsLoss(),
                optimizer,
                50,
                recorder=recorder,
            )
        )
    assert histories[0] == histories[1]


def test_log_line_is_the_line_that_fit_prints(capsys):
    X_train, X_test, y_train, y_test = points()
    model = stack()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    history = fit(
        model,
        X_train,
        X_test,
        y_train.float(),
        y_test.float(),
        nn.BCEWithLogitsLoss(),
        optimizer,
        5,
        log_every=1,
    )
    assert [log_line(epoch, history) for epoch in range(5)] == capsys.readouterr().out.splitlines()
    assert log_line(1, {"train_loss": [2, 1], "val_loss": [4, 3]}) == (
        "Epoch    1 | Loss: 1.00000 | Validation loss: 3.00000"
    )


class Named(nn.Module):
    """Layers with names, called in another order than they are made, one of them twice."""

    def __init__(self):
        super().__init__()
        self.last, self.act = nn.Linear(4, 1, bias=False), nn.Tanh()
        self.first, self.middle = nn.Linear(2, 3), nn.Linear(3, 4)

    def forward(self, X):
        return self.last(self.act(self.middle(self.act(self.first(X))))).squeeze(1)


@pytest.mark.parametrize(
    "model",
    [
        Named(),
        nn.Sequential(
            nn.Sequential(nn.Linear(2, 3), nn.Dropout()),
            nn.Sequential(nn.LeakyReLU(0.2), nn.Linear(3, 3)),
        ),
        nn.Sequential(nn.Tanh(), nn.Linear(2, 1), nn.Sigmoid()),
        nn.Sequential(nn.Linear(2, 2, dtype=torch.float64), nn.ReLU(), nn.ReLU()),
    ],
    ids=["named", "nested", "activation first", "float64"],
)
def test_a_model_becomes_the_stages_it_computes(model):
    X = points()[0].to(next(model.parameters()).dtype)
    recorder, _ = untrained(model, None)
    recording = recorder.recording(X)
    model.eval()
    with torch.inference_mode():
        expected = model(X).reshape(len(X), -1)
    np.testing.assert_allclose(
        forward(recording.stages, recording.weights[0], X.numpy()), expected, atol=1e-5
    )


class Functional(nn.Sequential):
    def forward(self, X):
        return torch.relu(super().forward(X))


UNSUPPORTED = {
    "layer GELU": nn.Sequential(nn.Linear(2, 3), nn.GELU(), nn.Linear(3, 1)),
    "something else": Functional(nn.Linear(2, 4), nn.Linear(4, 1)),
    "failed on points": nn.Sequential(nn.Linear(3, 1)),
    "at most 50000": nn.Sequential(nn.Linear(2, 20_000), nn.Linear(20_000, 1)),
    "too many weights": nn.Sequential(
        nn.Linear(2, 200), nn.ReLU(), nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 1)
    ),
}


@pytest.mark.parametrize("words", UNSUPPORTED)
def test_an_unsupported_model_costs_one_sentence_and_no_page(words, output_folder, capsys):
    model, data = UNSUPPORTED[words], points()
    recorder = Recorder(model, 12)
    for epoch in range(12):
        recorder.snapshot(epoch)
    history = {name: [0.5] * 12 for name in HISTORY}
    modes = [part.training for part in model.modules()]
    assert save_player("page", data, {"run": (recorder, history)}) is None
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("No player page for page: ")
    assert words in line
    assert line.endswith(".")
    assert not output_folder.exists()
    assert [part.training for part in model.modules()] == modes


def test_data_that_do_not_fit_cost_one_sentence(output_folder, capsys):
    X_train, X_test, y_train, y_test = points(classes=3)
    run = untrained(stack(), None)
    for data, words in [
        ((X_train, X_test, y_train, y_test), "do not fit the 1 outputs"),
        ((X_train, X_test, y_train[1:], y_test), "the data have the shapes"),
        ((X_train[:, :1], X_test, y_train, y_test), "the data have the shapes"),
        ((X_train, y_train, X_test, y_test), "the data have the shapes"),
        ((X_train, X_test, y_train), "the data have 3 parts"),
    ]:
        assert save_player("page", data, {"run": run}) is None
        assert words in capsys.readouterr().out
    assert save_player("page", points(), {}) is None
    assert "there is no run" in capsys.readouterr().out
    recorder, _ = run
    history = {"train_loss": []}
    assert save_player("page", points(), {"run": (recorder, history)}) is None
    assert "has 0 entries in train_loss" in capsys.readouterr().out
    assert save_player("page", points(), {"run": (Recorder(stack(), 5), history)}) is None
    assert "nothing was recorded" in capsys.readouterr().out


def test_recorder_refuses_what_is_not_a_network_and_epochs_that_are_not_a_count():
    with pytest.raises(TypeError, match="type list"):
        Recorder([], 3)
    with pytest.raises(TypeError, match="whole number"):
        Recorder(stack(), "3")
    with pytest.raises(ValueError, match="at least 1"):
        Recorder(stack(), 0)
    with pytest.raises(UnsupportedError, match="nothing was recorded"):
        Recorder(stack(), 3).recording(points()[0])


# ---- The page --------------------------------------------------------------------------------------------------------


def test_a_page_is_thinned_until_it_is_under_400_kb(output_folder):
    data = points(n=500)
    runs = {f"run {k}": train(stack(hidden=(24, 24), seed=k), data, epochs=300) for k in range(3)}
    path = save_player("page", data, runs)
    assert 350_000 < path.stat().st_size < 400_000
    for run in content(path)["runs"]:
        assert (run["epochs"][0], run["epochs"][-1]) == (0, 299)
        assert 10 < len(run["epochs"]) < 100
        assert {20, 40, 100, 200} <= set(run["epochs"])  # as logs print them


def test_validation_has_a_curve_and_a_constant_accuracy_a_scale(output_folder):
    data = points(n=50)
    recorder, history = train(stack(), data, epochs=30)
    history = {
        "train_loss": history["train_loss"],
        "val_loss": history["test_loss"],
        "train_acc": [50.0] * 30,
    }
    text = save_player("page", data, {"run": (recorder, history)}).read_text()
    assert text.count('<path class="val" d="M0 ') == 1
    assert '<path class="test"' not in text
    assert re.findall(r'<i class="line (\w+)"></i>(\w+)', text)[:2] == [
        ("val", "validation"),
        ("train", "train"),
    ]
    ticks = re.findall(r">([\d.]+)<", text[text.index("accuracy in %") :])
    assert {"40", "45", "50"} <= set(ticks)


def test_a_page_loads_nothing_from_elsewhere_and_has_the_same_bytes_every_time(output_folder):
    data = points()
    run = train(stack(), data)
    first, second = (
        save_player(name, data, {"run": run}, title="page").read_bytes() for name in "ab"
    )
    assert first == second
    assert not re.search(
        rb"(https?:)?//[a-z]|@import|url\(|fetch\(|src=", first.split(b"application/json")[0]
    )
    assert b"default-src 'none'" in first


def test_a_page_holds_the_fields_of_the_contract_and_no_others(output_folder):
    def fields(contract):
        return set(contract.__annotations__)

    data = points()
    page = content(save_player("page", data, {"run": train(stack(), data)}))
    (run,) = page["runs"]
    assert set(page) == fields(contract.PageContent)
    assert set(page["data"]) == fields(contract.SetsContent)
    assert set(page["data"]["train"]) == fields(contract.PointsContent)
    assert set(run) == fields(contract.RunContent)
    for stage in run["stages"]:
        assert set(stage) == fields(contract.StageContent)


def test_a_stage_says_where_its_weights_and_biases_lie(output_folder):
    data = points()
    model = stack(hidden=(6, 5))
    (run,) = content(save_player("page", data, {"run": untrained(model, data)}))["runs"]
    snapshot = np.frombuffer(base64.b64decode(run["weights"]), dtype="<f4")
    assert len(snapshot) == run["size"]
    for stage, layer in zip(run["stages"], model[::2], strict=True):
        end = stage["weights_at"] + layer.weight.numel()
        weights = snapshot[stage["weights_at"] : end]
        biases = snapshot[stage["biases_at"] : stage["biases_at"] + stage["outputs"]]
        np.testing.assert_array_equal(weights, layer.weight.detach().reshape(-1))
        np.testing.assert_array_equal(biases, layer.bias.detach())


def test_importing_the_player_loads_no_template_engine():
    program = "import sys, course.player; print({'jinja2', 'markupsafe'} & set(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert loaded.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("03_non_linear_classification", "Lesson 03: Non-linear classification"),
        ("00_my_own", "Lesson 00: my own"),
    ],
)
def test_the_title_is_the_lessons(name, title, output_folder):
    data = points()
    page = save_player(name, data, {"run": untrained(stack(), data)}).read_text(encoding="utf-8")
    assert re.findall(r"<(?:title|h1)>(.*?)</", page) == [title, title]


def test_curves_keep_their_peaks_in_few_bytes():
    heights = np.linspace(200, 100, 5000)
    heights[[777, 4321]] = 5, 290
    heights[1000:1100] = np.nan
    path = svg_path(heights)
    steps = np.array([[int(n) for n in step.split()] for step in re.split("[Ml]", path)[1:]])
    places = steps.cumsum(axis=0)
    assert len(path) < 7000
    assert [777, 5] in places.tolist()
    assert [4321, 290] in places.tolist()
    assert not ((places[:, 0] >= 1000) & (places[:, 0] < 1100)).any()
    assert (places[0, 0], places[-1, 0]) == (0, 4999)
    ordinary = ~np.isin(places[:, 0], [777, 4321])
    np.testing.assert_allclose(places[ordinary, 1], heights[places[ordinary, 0]], atol=0.5)
    assert svg_path(np.array([np.nan])) == ""


# ---- The page in a browser -------------------------------------------------------------------------------------------


def resize(driver, width, height):
    viewport = {"width": width, "height": height}
    driver.browsing_context.set_viewport(context=driver.current_window_handle, viewport=viewport)


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def browser(request, tmp_path_factory):
    from real_browser import start

    driver = start(request.param, tmp_path_factory.mktemp("profile"))
    resize(driver, 1280, 1000)
    driver.errors = []
    driver.script.add_javascript_error_handler(driver.errors.append)
    yield driver
    driver.quit()


class Page:
    """A page in the browser, and what a person can read and do there."""

    def __init__(self, driver, path, fragment=""):
        self.driver = driver
        driver.get("about:blank")  # another fragment of the same page would not load it again
        driver.get(path.as_uri() + fragment)
        self.settle()

    def settle(self):
        """Wait until what was asked for is drawn."""
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0)))"
        )
        assert not self.driver.errors, self.driver.errors

    def evaluate(self, expression):
        """Return the value of an expression in the page's own script; not every driver's scripts see its names."""
        self.driver.execute_script(
            "delete document.body.dataset.value;"
            "const script = document.createElement('script');"
            "script.textContent = `document.body.dataset.value = JSON.stringify(${arguments[0]})`;"
            "document.head.append(script); script.remove();",
            expression,
        )
        return json.loads(
            self.driver.find_element("css selector", "body").get_attribute("data-value")
        )

    def find(self, selector, panel=0):
        section = self.driver.find_elements("css selector", "#panels .panel")[panel]
        return section.find_element("css selector", selector)

    def text(self, selector, panel=0):
        return self.find(selector, panel).text

    def click(self, element, x=0, y=0):
        """Click an element, so many pixels right of and below its middle."""
        from selenium.webdriver import ActionChains

        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        ActionChains(self.driver).move_to_element_with_offset(element, x, y).click().perform()
        self.settle()

    def press(self, *keys):
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()
        self.settle()

    def choose(self, name, text):
        from selenium.webdriver.support.select import Select

        Select(self.driver.find_element("id", name)).select_by_visible_text(text)
        self.settle()

    @property
    def epoch(self):
        return int(self.driver.find_element("id", "epoch").text.split()[1])

    @property
    def fragment(self):
        time.sleep(0.3)  # the page writes its address 150 ms after the last change
        return "#" + self.driver.current_url.partition("#")[2]

    @property
    def hash(self):
        return dict(part.split("=") for part in self.fragment[1:].split("&"))

    def answer(self, panel=0):
        """Return the table for the point that is asked about: {"logit": [...], ...}; the label as text."""
        rows = self.find(".answer tbody", panel).find_elements("css selector", "tr")
        table = {}
        for row in filter(lambda row: row.is_displayed(), rows):
            name, text = (row.find_element("css selector", cell).text for cell in ("th", "td"))
            table[name] = text if name == "label" else [float(number) for number in text.split()]
        return table


@pytest.fixture
def two_runs(browser, output_folder):
    """Return the page of a ReLU network and of a linear one, the data and the runs."""
    data = points(n=100)
    runs = {
        "ReLU": train(stack(hidden=(6, 5)), data, epochs=200),
        "linear": train(stack(nn.Identity, hidden=(3,)), data, epochs=150),
    }
    path = save_player("page", data, runs, title="Two runs", references={"chance 50": 50})
    return Page(browser, path, "#with=0"), path, data, runs


KINDS = {
    "relu": (nn.ReLU, 1),
    "leaky relu": (lambda: nn.LeakyReLU(0.3), 1),
    "tanh": (nn.Tanh, 3),
    "sigmoid": (nn.Sigmoid, 4),
    "identity": (nn.Identity, 2),
}


@pytest.mark.parametrize("kind", KINDS)
def test_forward_pass_equals_pytorch(kind, browser, output_folder):
    activation, outputs = KINDS[kind]
    models = {
        f"seed {seed}": stack(activation, outputs, hidden=(9, 7, 3), seed=seed) for seed in range(4)
    }
    models["ends with it"] = nn.Sequential(stack(activation, outputs, seed=9), activation())
    models["no bias"] = nn.Sequential(
        nn.Linear(2, 8, bias=False), activation(), nn.Linear(8, outputs)
    )
    data = points(classes=max(2, outputs))
    page = Page(
        browser,
        save_player("page", data, {name: untrained(model, data) for name, model in models.items()}),
    )
    X = torch.cat([data[0], 5 * data[1], torch.zeros(1, 2)])
    for r, model in enumerate(models.values()):
        run = f"content.runs[{r}]"
        outputs = page.evaluate(
            f"forward({run}.stages, {run}.weights, {X.T.tolist()}).at(-1).after.map((values) => [...values])"
        )
        model.eval()
        with torch.inference_mode():
            np.testing.assert_allclose(np.transpose(outputs), model(X), rtol=1e-5, atol=1e-4)


def test_the_page_shows_the_last_epoch_first_and_the_log_line_as_printed(two_runs):
    page, _, _, runs = two_runs
    assert page.epoch == 199
    assert page.text(".name") == "ReLU"
    assert page.text(".log") == " ".join(log_line(199, runs["ReLU"][1]).split())
    history = runs["ReLU"][1]
    wrong = round(100 - history["test_acc"][-1])
    assert page.text(".wrong") == f"wrong: {wrong} of 100"


def test_drag_the_slider(two_runs):
    page, _, _, runs = two_runs
    slider = page.driver.find_element("id", "slider")
    page.click(slider, -slider.size["width"] // 4)
    epoch = page.epoch
    assert 5 < epoch < 150
    assert page.text(".log") == " ".join(log_line(epoch, runs["ReLU"][1]).split())
    assert page.hash["epoch"] == str(epoch)


def test_keys_step_jump_and_play(two_runs):
    from selenium.webdriver.common.keys import Keys

    page = two_runs[0]
    page.press(Keys.HOME)
    assert page.epoch == 0
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert page.epoch == 3
    page.press(Keys.ARROW_LEFT)
    assert page.epoch == 2
    page.press(" ")
    assert page.driver.find_element("id", "play").text == "Pause"
    time.sleep(0.4)  # 12 epochs a second
    page.press(" ")
    assert page.driver.find_element("id", "play").text == "Play"
    played = page.epoch
    assert played > 2
    page.press(Keys.END)
    assert page.epoch == 199
    slider = page.driver.find_element("id", "slider")
    page.driver.execute_script("arguments[0].focus()", slider)
    page.press(Keys.ARROW_LEFT)  # the slider has the focus: still one step, not two
    page.press(Keys.ARROW_RIGHT)
    assert page.epoch == 199


def test_hover_and_place_a_point(two_runs):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    page, _, _, runs = two_runs
    model = runs["ReLU"][0].model
    canvas = page.find(".map")

    def check(table):
        with torch.inference_mode():
            X = torch.tensor([table["x1, x2"]])
            logit = model(X).item()
            hidden = model[:2](X)[0]
        np.testing.assert_allclose(
            table["hidden layer 1"], hidden, atol=0.02
        )  # the page rounds x1 and x2
        np.testing.assert_allclose(table["logit"], [logit], atol=0.05)
        np.testing.assert_allclose(table["probability"], torch.tensor(logit).sigmoid(), atol=0.02)
        assert table["label"] == f"class {int(logit >= 0)}"

    page.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    ActionChains(page.driver).move_to_element_with_offset(canvas, 60, -40).perform()
    page.settle()
    assert page.text(".answer caption") == "This point"
    hovered = page.answer()
    check(hovered)
    assert hovered["x1, x2"][0] > 0
    assert "point" not in page.hash
    page.click(canvas, -80, 70)
    page.press(Keys.HOME)
    assert page.evaluate("state.point")[0] < 0
    ActionChains(page.driver).move_to_element(page.driver.find_element("id", "play")).perform()
    page.settle()
    assert page.text(".answer caption") == "The held point"
    assert page.hash["point"]
    page.press(Keys.END)
    check(page.answer())
    page.driver.execute_script("arguments[0].focus()", canvas)
    before = page.answer()["x1, x2"]
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_UP)
    after = page.answer()["x1, x2"]
    assert after[0] > before[0]
    assert after[1] > before[1]
    assert page.epoch == 199
    page.press(Keys.ESCAPE)
    assert page.answer() == {}


def test_click_a_unit(two_runs):
    page, _, _, runs = two_runs
    model = runs["ReLU"][0].model
    button = page.find(".network button[title^='unit 2 of hidden layer 1']")
    page.click(button)
    assert button.get_attribute("aria-pressed") == "true"
    assert page.text(".what") == "What unit 2 of hidden layer 1 computes"
    assert page.hash["unit"] == "1.2"
    weight, bias = model[0].weight[1].tolist(), model[0].bias[1].item()
    formula = f"{weight[0]:.3f} x1 + {weight[1]:.3f} x2 + {bias:.3f} > 0".replace("+ -", "- ")
    assert formula in page.text(".formula")
    page.click(button)
    assert page.text(".what") == "What the network says"
    assert "unit" not in page.hash


def test_dead_units_are_named(browser, output_folder):
    model = stack(hidden=(4, 3))
    with torch.no_grad():
        model[0].weight[2], model[0].bias[2] = 0, -1
    data = points()
    page = Page(browser, save_player("page", data, {"run": untrained(model, data)}))
    with torch.inference_mode():
        dead = [
            (model[: end + 1](data[0]) == 0).all(dim=0).nonzero().ravel().tolist() for end in (1, 3)
        ]
    names = [f"{layer}.{unit + 1}" for layer, units in enumerate(dead, start=1) for unit in units]
    assert "1.3" in names
    assert (
        page.text(".state") == f"Dead, 0 for every training point: {', '.join(names)} (layer.unit)."
    )
    assert len(page.driver.find_elements("css selector", ".network button.dead")) == len(names)


def test_click_an_edge_and_see_what_breaks(two_runs):
    page, _, data, runs = two_runs
    model = runs["ReLU"][0].model
    # the middle of the line from x1 to unit 4, a place that the page itself names
    ends = page.evaluate("content.runs[0].edges.find(({ name }) => name === '1.4.1').ends")
    edges = page.find(".edges")
    part = 0.3 * np.array(ends[0]) + 0.7 * np.array(ends[1])
    x, y = (part - 0.5) * [edges.size["width"], edges.size["height"]]
    page.click(edges, round(x), round(y))
    assert page.hash["off"] == "1.4.1"
    with torch.no_grad():
        kept = model[0].weight[3, 0].item()
        model[0].weight[3, 0] = 0
        train_acc, test_acc = (
            100 * ((model(X).squeeze(1) >= 0) == y).double().mean().item()
            for X, y in ((data[0], data[2]), (data[1], data[3]))
        )
        model[0].weight[3, 0] = kept
    assert (
        page.text(".warning")
        == f"Weights off: 1 | Accuracy: {train_acc:.2f}% | Test accuracy: {test_acc:.2f}%"
    )
    page.click(page.find(".restore"))
    assert page.text(".warning") == ""
    assert "off" not in page.hash


def test_weights_are_switched_by_keyboard_too(two_runs):
    from selenium.webdriver.common.keys import Keys

    page, path, *_ = two_runs
    page = Page(page.driver, path, "#unit=2.1")
    button = page.find(".weights button:nth-child(3)")
    page.driver.execute_script("arguments[0].focus()", button)
    page.press(Keys.ENTER)
    assert page.hash["off"] == "2.1.3"
    assert button.get_attribute("aria-pressed") == "true"
    page.press(Keys.ENTER)  # the button has kept the focus
    assert "off" not in page.hash
    assert button.get_attribute("aria-pressed") == "false"


def test_two_runs_beside_each_other_with_one_slider(two_runs):
    from selenium.webdriver.common.keys import Keys

    page, _, _, runs = two_runs
    page.choose("with", "linear")
    assert [page.text(".name", p) for p in (0, 1)] == ["ReLU", "linear"]
    assert page.text(".log", 1) == " ".join(
        log_line(149, runs["linear"][1]).split()
    )  # its last epoch
    page.driver.execute_script(
        "document.getElementById('slider').focus()"
    )  # in a list of choices, keys choose
    page.press(Keys.HOME)
    page.press(Keys.ARROW_RIGHT)
    for p, name in enumerate(runs):
        assert page.text(".log", p) == " ".join(log_line(1, runs[name][1]).split())
    assert (page.hash["run"], page.hash["with"]) == ("1", "2")
    page.choose("with", "nothing")
    assert len(page.driver.find_elements("css selector", "#panels .panel")) == 1


def test_each_run_is_printed_on_one_page(two_runs):
    page = Page(two_runs[0].driver, two_runs[1], "#point=0.5,0.5")
    pdf = base64.b64decode(page.driver.print_page())
    for stream in re.findall(
        rb"stream\r?\n(.*?)\r?\nendstream", pdf, flags=re.DOTALL
    ):  # Firefox packs its pages
        with contextlib.suppress(zlib.error):
            pdf += zlib.decompress(stream)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 2


def test_a_page_opens_with_two_of_its_runs(two_runs):
    page = Page(two_runs[0].driver, two_runs[1])
    assert [page.text(".name", panel) for panel in (0, 1)] == ["ReLU", "linear"]
    page.choose("with", "nothing")
    again = Page(page.driver, two_runs[1], page.fragment)
    assert len(again.driver.find_elements("css selector", "#panels .panel")) == 1


def test_the_address_holds_the_moment(two_runs):
    page, path, _, runs = two_runs
    wanted = (
        "#run=2&with=1&epoch=10&set=train&unit=1.3&unit2=2.2&off=1.1.1,2.1.3&point=0.5000,-0.2500"
    )
    page = Page(page.driver, path, wanted)
    assert page.hash == dict(part.split("=") for part in wanted[1:].split("&"))
    assert page.epoch == 10
    assert page.text(".name") == "linear"
    assert page.text(".what", 1) == "What unit 2 of hidden layer 2 computes"
    assert page.answer()["x1, x2"] == [0.5, -0.25]
    assert page.text(".warning").startswith("Weights off: 2 ")
    wrong = 100 - round(
        runs["ReLU"][1]["train_acc"][11]
    )  # train accuracy is measured before the step
    assert page.text(".wrong", 1) == f"wrong: {wrong} of 100"
    page.driver.execute_script("location.hash = '#run=1&epoch=3'")  # as when a link is pasted
    page.settle()
    assert (page.epoch, page.text(".name")) == (3, "ReLU")


@pytest.mark.parametrize(
    "fragment",
    [
        "#run=99&epoch=1e9&unit=7.7&off=9.9.9,x&point=1,NaN&set=other",
        "#run=-1&with=x&epoch=",
        "#%%%&&==",
        "#unit=1",
    ],
)
def test_a_bad_address_shows_a_sound_page(two_runs, fragment):
    page = Page(two_runs[0].driver, two_runs[1], fragment)
    assert page.epoch in (149, 199)
    assert page.text(".log").startswith("Epoch")
    assert set(page.hash) <= {"run", "with", "epoch", "set"}


def test_nan_weights_are_named_and_nothing_is_drawn(browser, output_folder):
    data = points()
    model = stack()
    recorder = Recorder(model, 400)
    history = {name: [] for name in HISTORY}
    for epoch in range(400):
        if epoch == 357:
            nn.init.constant_(model[2].weight, torch.nan)
        for name in HISTORY:
            history[name].append(float("nan") if epoch >= 357 else 0.5)
        recorder.snapshot(epoch)
    page = Page(browser, save_player("page", data, {"run": (recorder, history)}), "#point=0.1,0.1")
    assert page.text(".warning").startswith("From epoch 357 on, weights are NaN")
    assert page.text(".wrong") == "wrong: unknown"
    assert page.answer() == {}
    for drawing in (".cells", ".edges", ".network button canvas"):
        assert not page.find(drawing).is_displayed(), f"{drawing} is drawn from NaN weights"
    page = Page(browser, output_folder / "players" / "page.html", "#epoch=340&point=0.1,0.1")
    assert page.text(".warning") == ""
    assert page.answer()["label"]
    assert page.find(".cells").is_displayed()


def test_hostile_names_stay_text(browser, output_folder):
    data = points()
    bad = "</script><script>document.title = 'broken'</script><img src=x onerror=\"document.title = 'broken'\">&amp;"
    path = save_player(
        "page",
        data,
        {bad: train(stack(), data)},
        title=bad,
        references={bad: 50},
        class_names=[bad, "b"],
    )
    page = Page(browser, path)
    assert page.driver.title == " ".join(bad.split())
    assert page.text(".name") == bad
    assert page.driver.find_element("css selector", "h1").text == bad
    assert bad in page.text(".legend")


def test_several_labels_are_asked_one_at_a_time(browser, output_folder):
    X_train, X_test, *_ = points()
    data = X_train, X_test, (X_train > 0).long(), (X_test > 0).long()
    model = stack(outputs=2)
    page = Page(
        browser,
        save_player("page", data, {"run": untrained(model, data)}, class_names=["right", "top"]),
    )
    with torch.inference_mode():
        wrong = ((model(X_test) >= 0) != data[3]).sum(dim=0).tolist()
    assert page.text(".what") == "right: What the network says"
    assert page.text(".wrong") == f"wrong: {wrong[0]} of 80"
    page.choose("label", "top")
    assert page.text(".wrong") == f"wrong: {wrong[1]} of 80"
    assert page.hash["label"] == "2"


def test_several_classes(browser, output_folder):
    data = points(classes=3)
    model = stack(outputs=3)
    page = Page(
        browser, save_player("page", data, {"run": untrained(model, data)}), "#point=0.3,-0.4"
    )
    with torch.inference_mode():
        wrong = (model(data[1]).argmax(dim=1) != data[3]).sum().item()
        probs = model(torch.tensor([[0.3, -0.4]])).softmax(dim=1)[0]
    assert page.text(".wrong") == f"wrong: {wrong} of 80"
    np.testing.assert_allclose(page.answer()["probability"], probs, atol=1e-3)
    assert page.answer()["label"] == f"class {probs.argmax()}"


def test_it_is_usable_on_a_phone(two_runs):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.actions import interaction
    from selenium.webdriver.common.actions.pointer_input import PointerInput

    page, path, *_ = two_runs
    try:
        resize(page.driver, 390, 844)
        page = Page(page.driver, path, "#with=2")
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= 390
        assert page.find(".map").size["width"] > 300
        curve = page.find(".curve")
        page.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", curve)
        actions = ActionChains(
            page.driver, devices=[PointerInput(interaction.POINTER_TOUCH, "finger")]
        )
        finger = actions.w3c_actions.pointer_action
        finger.move_to(curve, -20, 0).pointer_down().move_to(curve, -40, 0).move_to(
            curve, -50, 5
        ).pointer_up()
        actions.w3c_actions.perform()
        page.settle()
        dragged = page.epoch
        assert 5 < dragged < 70
        assert page.hash["epoch"] == str(dragged)
    finally:
        resize(page.driver, 1280, 1000)


@pytest.mark.browser
@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_it_is_dark_where_the_reader_wants_it_dark(name, tmp_path, output_folder):
    from real_browser import start

    data = points()
    path = save_player("page", data, {"run": untrained(stack(), data)})
    driver = start(name, tmp_path, dark=True)
    driver.errors = []
    try:
        page = Page(driver, path)
        color, background = page.evaluate(
            "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
        )
        assert min(map(int, re.findall(r"\d+", color))) > 200
        assert max(map(int, re.findall(r"\d+", background))) < 50
        ink = bytes([*map(int, re.findall(r"\d+", color)), 255])
        assert page.evaluate(
            "new Uint32Array(document.querySelector('.marks').getContext('2d')"
            ".getImageData(0, 0, 400, 400).data.buffer)"
            f".includes({int.from_bytes(ink, 'little')})"
        ), "the lines of the map do not have the colour of the text"
    finally:
        driver.quit()


def test_everything_is_reached_by_keyboard_and_the_focus_is_seen(two_runs):
    from selenium.webdriver.common.keys import Keys

    page = two_runs[0]
    reached = []
    for _ in range(19):
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
        name, outline = page.evaluate(
            "[document.activeElement.id || document.activeElement.value || document.activeElement.className,"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert outline == "solid", f"the focus on {name} is not seen"
        reached.append(name)
    controls = ["play", "slider", "run", "with", "set", "speed", "frame map"]
    assert reached[: len(controls)] == controls
    assert reached[len(controls) :] == [f"1.{u}" for u in range(1, 7)] + [
        f"2.{u}" for u in range(1, 6)
    ] + ["3.1"]


# ---- Films -----------------------------------------------------------------------------------------------------------


@pytest.mark.pinned
def test_a_film_shows_the_runs_at_the_same_epochs(output_folder):
    data = points(n=60)
    runs = {
        "ReLU": train(stack(), data, epochs=60),
        "linear": train(stack(nn.Identity, hidden=(3,)), data, epochs=30),
    }
    options = {"references": {"chance": 50}, "frames": 8, "seconds": 2}
    path = save_film("film.gif", data, runs, **options)
    film = Image.open(path)
    assert film.n_frames == 8
    assert film.size == (640, 460)
    assert path.stat().st_size < 400_000
    pictures, milliseconds = [], 0
    for k in range(8):
        film.seek(k)
        milliseconds += film.info["duration"]

        pictures.append(np.asarray(film.convert("RGB")).astype(int))
    assert milliseconds == 3000
    assert len({picture.tobytes() for picture in pictures}) == 8
    moved = np.abs(pictures[-1] - pictures[0]).sum(axis=2) > 60
    assert moved[:, :320].any()
    assert moved[:, 320:].any()
    assert not moved[:20].any(), "the titles moved"
    first = path.read_bytes()
    assert first == save_film("film.gif", data, runs, **options).read_bytes()

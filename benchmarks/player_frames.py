"""What the player costs: the recorder, the size of pages and films, a frame in the browser.

    python benchmarks/player_frames.py [--frames 60]

Recorder: CPU time of `fit` with and without one, in turns, on lesson 03's network, and of writing
the page. Frames: in headless Chromium without a GPU (Selenium, as in the tests), on pages with
1000 points: the script's own time per frame, and the time from one frame to the next while every
frame shows another epoch, which includes the browser's drawing.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from film import save_film  # noqa: E402 - found only now

from helper_functions import Recorder, fit, save_player  # noqa: E402

SEED = 42  # of data, split and weights
EPOCHS = 1000
TURNS = 10  # trainings with the recorder, and as many without it
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--window-size=1280,1000",
]
FRAMES = """
const [frames, done] = arguments;
const show = (k) => { state.epoch = state.epochs[k % state.epochs.length]; frame(); };
let start = performance.now();
for (let k = 0; k < frames; k++) show(k);
const script = (performance.now() - start) / frames;
let k = 0;
start = performance.now();
const next = () => {
  if (k === frames) return done([script, (performance.now() - start) / frames]);
  show(k++);
  requestAnimationFrame(next);
};
requestAnimationFrame(next);
"""

Data = tuple[Tensor, Tensor, Tensor, Tensor]  # X_train, X_test, y_train, y_test
Run = tuple[Recorder, dict[str, list[float]]]


class Page(NamedTuple):
    """A page to measure frames on; `fragment` is the end of its address."""

    name: str
    path: Path
    fragment: str = ""


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    frames_help = "frames per measurement (default: %(default)s)"
    parser.add_argument("--frames", type=int, default=60, help=frames_help)
    options = parser.parse_args(arguments)
    if options.frames < 1:
        parser.error("--frames must be 1 or more")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["OUTPUT_DIR"] = folder
        first_page = measure_recorder()
        pages = [first_page, *large_pages()]
        measure_frames(pages, options.frames)


# ---- Training -----------------------------------------------------------------------------------


def circles(n_test: int) -> Data:
    """Return circles of 1000 points, so many of them for testing."""
    X, y = make_circles(1000, noise=0.03, random_state=SEED)
    X = torch.from_numpy(X).float()
    y = torch.from_numpy(y).float()
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=n_test, random_state=SEED)
    return X_train, X_test, y_train, y_test


def train(data: Data, width: int, epochs: int) -> Run:
    """Return recorder and history of a network with two hidden layers."""
    model = network(width)
    recorder = Recorder(model, epochs)
    return recorder, fit_on_circles(model, data, epochs, recorder)


def network(width: int) -> nn.Sequential:
    """Return 2-width-width-1 with ReLU."""
    torch.manual_seed(SEED)
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise((2, width, width)):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, 1))


def fit_on_circles(
    model: nn.Module, data: Data, epochs: int, recorder: Recorder | None
) -> dict[str, list[float]]:
    """Train as lesson 03 does."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return fit(model, *data, nn.BCEWithLogitsLoss(), optimizer, epochs, recorder=recorder)


def cpu_seconds(data: Data, recorded: bool) -> float:
    """Return the CPU time of one training of 2-10-10-1."""
    model = network(10)
    start = time.process_time()
    recorder = Recorder(model, EPOCHS) if recorded else None
    fit_on_circles(model, data, EPOCHS, recorder)
    return time.process_time() - start


def measure_recorder() -> Page:
    """Print what the recorder, a page and a film cost; return the page."""
    data = circles(200)
    train(data, 10, epochs=50)  # the first optimizer of a process costs extra
    with_recorder: list[float] = []
    without: list[float] = []
    for turn in range(TURNS):
        order = (True, False) if turn % 2 == 0 else (False, True)
        for recorded in order:
            times = with_recorder if recorded else without
            times.append(cpu_seconds(data, recorded))
    plain = float(np.median(without))
    more = 100 * (float(np.median(with_recorder)) / plain - 1)
    print(f"\nTraining, {EPOCHS} epochs of 2-10-10-1: {plain:.3f} s of CPU time")
    print(f"   the recorder adds {more:+.1f} %")

    run = train(data, 10, EPOCHS)
    save_player("warm", data, {"V2": run})  # the first page also loads the template engine
    start = time.process_time()
    path = save_player("one", data, {"V2": run})
    seconds = time.process_time() - start
    print(f"   a page takes {1000 * seconds:.0f} ms, {100 * seconds / plain:.1f} %")

    start = time.process_time()
    film = save_film("film.gif", data, {"V2": run, "again": run})
    seconds = time.process_time() - start
    kilobytes = film.stat().st_size / 1e3
    print(f"   a film of two runs, 40 frames, takes {seconds:.1f} s and {kilobytes:.0f} KB")
    assert path is not None
    return Page("2-10-10-1, 200 points", path)


# ---- Frames -------------------------------------------------------------------------------------


def large_pages() -> list[Page]:
    """Write pages with 999 points and networks of several sizes."""
    _, X, _, y = circles(999)
    data = (X, X, y, y)
    pages = []
    for width in (10, 16, 32):
        name = f"2-{width}-{width}-1"
        path = save_player(name, data, {name: train(data, width, epochs=200)})
        assert path is not None
        pages.append(Page(f"{name}, 999 points", path))
    runs = {"a": train(data, 10, EPOCHS), "b": train(data, 10, EPOCHS)}
    path = save_player("two", data, runs)
    assert path is not None
    pages.append(Page("two 2-10-10-1, 999 points", path, "#with=2"))
    return pages


def measure_frames(pages: list[Page], frames: int) -> None:
    """Print the times of a frame on each page."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium or shutil.which("google-chrome") or ""
    profile = tempfile.mkdtemp()
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        version = driver.capabilities["browserVersion"]
        print(f"\nChromium {version}, 1280 x 1000, no GPU")
        print(f"   {'page':<40}{'script':>13}{'frame to frame':>18}{'size':>10}")
        for page in pages:
            driver.get(page.path.as_uri() + page.fragment)
            time.sleep(0.5)  # until the first frame is drawn
            script, interval = driver.execute_async_script(FRAMES, frames)
            kilobytes = page.path.stat().st_size / 1e3
            print(f"   {page.name:<40}{script:10.1f} ms{interval:15.1f} ms{kilobytes:7.0f} KB")
    finally:
        driver.quit()
        shutil.rmtree(profile, ignore_errors=True)


if __name__ == "__main__":
    main()

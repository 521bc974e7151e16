"""What the player costs: the recorder's share of a training, the size of pages and films, and a frame in the browser.

Run: OMP_NUM_THREADS=1 python benchmarks/player_frames.py [--frames 60]

Recorder: CPU time of `fit` with and without one, in turns, on lesson 03's network, and of writing the page. Frames: in
headless Chromium without a GPU (Selenium, as in the tests), on pages with 1000 points: the script's own time a frame,
and the time from one frame to the next while every frame shows another epoch, which includes the browser's drawing.
"""

import argparse
import os
import shutil
import tempfile
import time

import numpy as np
import torch
from film import save_film
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import Recorder, fit, save_player

EPOCHS = 1000
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
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


def circles(n_test):
    """Return 1000 training points or, for the page, as many test points as asked for."""
    X, y = make_circles(1000, noise=0.03, random_state=42)
    X, y = torch.from_numpy(X).float(), torch.from_numpy(y).float()
    return train_test_split(X, y, test_size=n_test, random_state=42)


def train(data, hidden, recorded=True, epochs=EPOCHS):
    """Return recorder (or None), history and the CPU seconds of the training."""
    torch.manual_seed(42)
    sizes = [2, *hidden]
    layers = [
        part for a, b in zip(sizes, hidden, strict=False) for part in (nn.Linear(a, b), nn.ReLU())
    ]
    model = nn.Sequential(*layers, nn.Linear(sizes[-1], 1))
    X_train, X_test, y_train, y_test = data
    optimizer, loss_fn = torch.optim.SGD(model.parameters(), lr=0.1), nn.BCEWithLogitsLoss()
    start = time.process_time()
    recorder = Recorder(model, epochs) if recorded else None
    history = fit(
        model, X_train, X_test, y_train, y_test, loss_fn, optimizer, epochs, recorder=recorder
    )
    return recorder, history, time.process_time() - start


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=60, help="frames a measurement (default: 60)")
    frames = parser.parse_args().frames
    torch.set_num_threads(1)
    folder = tempfile.mkdtemp()
    os.environ["OUTPUT_DIR"] = folder

    data = circles(200)
    train(data, (10, 10), epochs=50)
    seconds = {True: [], False: []}
    for turn in range(10):
        for recorded in (turn % 2 == 0, turn % 2 == 1):
            seconds[recorded].append(train(data, (10, 10), recorded)[2])
    plain, recorded = np.median(seconds[False]), np.median(seconds[True])
    run = train(data, (10, 10))[:2]
    save_player("warm", data, {"V2": run})  # the first page also loads the template engine
    start = time.process_time()
    path = save_player("one", data, {"V2": run})
    page = time.process_time() - start
    print(
        f"\nTraining, {EPOCHS} epochs of 2-10-10-1: {plain:.3f} s of CPU time; with the recorder {recorded:.3f} s"
    )
    print(
        f"   recorder {100 * (recorded / plain - 1):+.1f} %, page {1000 * page:.0f} ms, {100 * page / plain:.1f} %"
    )
    start = time.process_time()
    film = save_film("film.gif", data, {"V2": run, "again": run})
    print(
        f"   film of two runs, 40 frames: {time.process_time() - start:.1f} s, {film.stat().st_size / 1e3:.0f} KB"
    )

    pages = {"2-10-10-1, 200 points": path}
    large = circles(999)
    large[0], large[2] = large[1], large[3]
    for name, hidden in (("2-10-10-1", (10, 10)), ("2-16-16-1", (16, 16)), ("2-32-32-1", (32, 32))):
        runs = {name: train(large, hidden, epochs=200)[:2]}
        pages[f"{name}, 999 points"] = save_player(name, large, runs)
    pages["two 2-10-10-1, 999 points"] = save_player(
        "two", large, {k: train(large, (10, 10))[:2] for k in "ab"}
    )

    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    )
    for flag in [*FLAGS, "--window-size=1280,1000", f"--user-data-dir={tempfile.mkdtemp()}"]:
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    print(f"\nChromium {driver.capabilities['browserVersion']}, 1280 x 1000, no GPU")
    print(f"   {'page':<40}{'script':>13}{'frame to frame':>18}{'size':>10}")
    try:
        for name, path in pages.items():
            driver.get(path.as_uri() + ("#with=2" if name.startswith("two") else ""))
            time.sleep(0.5)
            script, interval = driver.execute_async_script(FRAMES, frames)
            print(
                f"   {name:<40}{script:10.1f} ms{interval:15.1f} ms{path.stat().st_size / 1e3:7.0f} KB"
            )
    finally:
        driver.quit()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

"""Downloads and everything that can go wrong with them, against a server on this machine; the lessons that download.

The server is a thread on the loopback address that serves small IDX files. It answers a few requests a test and ends
with it. Whatever goes wrong, nothing but whole, checked files may lie in the cache afterwards.
"""

import contextlib
import gzip
import hashlib
import io
import json
import os
import runpy
import socket
import struct
import sys
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from helper_tools import refuses

import helper_functions as hf
from course.images import DOWNLOADS
from course.processes import Pool

LESSONS = Path(__file__).resolve().parents[2] / "module_03"
FILES = list(DOWNLOADS["mnist"].md5)  # the same four names in both data sets
FIRST = FILES[0]
INSTEAD = "Going on with scikit-learn's digits instead."


def idx(array):
    """Return an array of bytes as gzip-compressed IDX file."""
    return gzip.compress(
        struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes(), mtime=0
    )


def make_images(n, size=12, seed=0):
    """Return n images [n, size, size] with a bright column that tells the class, and their labels, both uint8."""
    y = np.arange(n) % 10
    X = np.random.default_rng(seed).integers(0, 60, (n, size, size))
    X[np.arange(n), :, y] = 255
    return X.astype(np.uint8), y.astype(np.uint8)


ARRAYS = [*make_images(100), *make_images(50, seed=1)]
SMALL = dict(zip(FILES, map(idx, ARRAYS), strict=True))


class Server(ThreadingHTTPServer):
    """Serves `files`; `faults` holds, for a path, functions that answer instead, one a request until they run out."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.files = {f"/{name}/{file}": data for name in DOWNLOADS for file, data in SMALL.items()}
        self.faults = {}
        self.requests = []
        self.stopping = threading.Event()  # ends the answers that would never come


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        faults = self.server.faults.get(self.path)
        answer = faults.pop(0) if faults else whole
        with contextlib.suppress(ConnectionError):  # the other side gave up
            answer(self, self.server.files.get(self.path))

    def log_message(self, *_):
        pass

    def send(self, data, status=200, length=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        self.wfile.write(data)


def whole(handler, data):
    handler.send(data or b"", 200 if data else 404)


def unavailable(handler, data):
    handler.send(b"come back later", 503)


def other_file(handler, data):
    handler.send(data[:-1] + bytes([data[-1] ^ 1]))


def cut(handler, data):
    handler.send(data[: len(data) // 2], length=len(data))


def cut_without_length(handler, data):
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(data[: len(data) // 2])


def silent(handler, data):
    handler.server.stopping.wait(20)


def silent_in_the_middle(handler, data):
    cut(handler, data)
    handler.wfile.flush()
    handler.server.stopping.wait(20)


@pytest.fixture
def server(monkeypatch):
    """Start a server whose small files have the right checksums; MNIST and Fashion-MNIST come from it."""
    with Server() as server:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("DATA_URL", server.url)
        for name in DOWNLOADS:
            publish(monkeypatch, name, SMALL)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.stopping.set()
        server.shutdown()
        thread.join(10)
        assert not thread.is_alive()


def publish(monkeypatch, name, files):
    """Make the checksums of these files the ones that the helper expects."""
    md5 = {file: hashlib.md5(data).hexdigest() for file, data in files.items()}
    monkeypatch.setitem(DOWNLOADS, name, replace(DOWNLOADS[name], md5=md5))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Return the folder that DATA_DIR names; it does not exist yet."""
    folder = tmp_path / "data here"
    monkeypatch.setenv("DATA_DIR", str(folder))
    return folder


def files_in(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def load(name="mnist", **options):
    """Load with short waits; return the data and the lines that were printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        data = hf.load_images(name, **{"timeout": 5, "wait": 0, **options})
    assert printed.getvalue().isascii()
    return data, printed.getvalue().splitlines()


def assert_small(data):
    """Check that these are the served images, pixels from 0 to 1."""
    X_train, y_train, X_test, y_test = ARRAYS
    assert torch.equal(data.X_train, torch.tensor(X_train) / 255)
    assert torch.equal(data.X_test, torch.tensor(X_test) / 255)
    assert torch.equal(data.y_train, torch.tensor(y_train).long())
    assert torch.equal(data.y_test, torch.tensor(y_test).long())


def assert_digits_instead(data, lines, *words):
    """Check that the digits came, and that one line says why, in words."""
    assert data.name == "digits"
    assert len(data.y_train) == 1437
    (line,) = [line for line in lines if INSTEAD in line]
    assert lines[-1] == line
    assert len(lines) <= 2  # the other one says that a download begins
    for word in words:
        assert word in line, line


# -- what should happen ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_downloads_once_and_then_reads_the_cache(server, cache, name):
    data, lines = load(name)
    assert_small(data)
    assert data.name == name
    assert len(data.class_names) == 10
    assert lines == [f"Downloading {name} to {cache / name}"]
    assert server.requests == [f"/{name}/{file}" for file in FILES]
    assert files_in(cache) == SMALL
    again, lines = load(name, base_url="http://127.0.0.1:9")  # nobody is there
    assert_small(again)
    assert lines == []
    assert len(server.requests) == 4


def test_the_parameter_goes_before_the_environment_variable(server, cache, monkeypatch):
    monkeypatch.setenv("DATA_URL", "http://127.0.0.1:9")
    data, _ = load(base_url=server.url + "/")
    assert_small(data)


def test_without_either_it_asks_where_the_data_is_published(cache, monkeypatch):
    import pooch

    monkeypatch.delenv("DATA_URL", raising=False)
    asked = []
    monkeypatch.setattr(
        pooch, "retrieve", lambda url, *rest, **options: asked.append((url, rest)) or "nowhere"
    )
    with contextlib.suppress(FileNotFoundError, hf.DownloadError):
        load("mnist")
    with contextlib.suppress(FileNotFoundError, hf.DownloadError):
        load("fashion_mnist")
    assert len(asked) == 8
    assert all(url.startswith("https://") for url, _ in asked)
    assert len({url for url, _ in asked}) == 8
    assert [rest[0] for _, rest in asked[:4]] == [
        f"md5:{md5}" for md5 in DOWNLOADS["mnist"].md5.values()
    ]


def test_the_data_folder_is_movable_and_lies_beside_the_helper_by_default(monkeypatch):
    monkeypatch.delenv("DATA_DIR", raising=False)
    assert hf.data_dir() == Path(hf.__file__).resolve().parent / "data"
    assert "data/" in (LESSONS.parent / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_a_folder_name_beyond_ascii_prints_in_ascii(server, tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "d\u00fcr\u4e0e"))
    assert_small(load()[0])  # load() checks that what is printed is ASCII


def test_progress_is_shown_on_a_terminal_only(server, cache, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    large = {**SMALL, FIRST: idx(make_images(100, size=64)[0])}
    publish(monkeypatch, "fashion_mnist", large)
    server.files["/fashion_mnist/" + FIRST] = large[FIRST]
    monkeypatch.setattr(sys, "stderr", plain := io.StringIO())
    load("mnist")
    assert plain.getvalue() == ""
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    server.faults["/fashion_mnist/" + FIRST] = [cut] * 3
    load("fashion_mnist")
    cut_lines = terminal.getvalue()
    assert cut_lines.count("\n") == 3, "one line an attempt"
    assert cut_lines.endswith("\n"), "what is printed next would stand in the same line"
    load("fashion_mnist")
    shown = terminal.getvalue()[len(cut_lines) :]
    size = f"{len(large[FIRST]) / 1e6:.1f}"
    assert shown.startswith(f"\r{FIRST}: 0.1 of {size} MB\r{FIRST}: 0.1 of {size} MB\r")
    assert f"\r{FIRST}: {size} of {size} MB\n" in shown
    assert shown.count("\n") == 4
    assert shown.isascii()


# -- faults on the way -------------------------------------------------------------------------------------------------


def test_404_is_not_asked_again(server, cache):
    del server.files["/mnist/" + FIRST]
    assert_digits_instead(*load(), FIRST, "127.0.0.1", "404")
    assert len(server.requests) == 1
    assert files_in(cache) == {}


@pytest.mark.parametrize("fault", [unavailable, other_file, cut, cut_without_length])
def test_what_fails_twice_may_come_the_third_time(server, cache, fault):
    server.faults["/mnist/" + FIRST] = [fault, fault]
    assert_small(load()[0])
    assert server.requests.count("/mnist/" + FIRST) == 3
    assert files_in(cache) == SMALL


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (unavailable, ["503"]),
        (other_file, ["not the published file", "checksum"]),
        (cut, ["broke off"]),
        (cut_without_length, ["checksum"]),
        (silent, ["did not answer within 0.2 seconds"]),
        (silent_in_the_middle, ["did not answer within 0.2 seconds"]),
    ],
)
def test_what_fails_three_times_gives_the_digits_and_leaves_nothing(server, cache, fault, words):
    server.faults["/mnist/" + FILES[2]] = [fault] * 5
    assert_digits_instead(*load(timeout=0.2), FILES[2], *words)
    assert server.requests.count("/mnist/" + FILES[2]) == 3
    assert files_in(cache) == {file: SMALL[file] for file in FILES[:2]}, (
        "the whole files stay, nothing else"
    )


def test_it_waits_longer_before_each_attempt(server, cache, monkeypatch):
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    server.faults["/mnist/" + FIRST] = [unavailable] * 3
    load(wait=1.5)
    assert waits == [1.5, 3.0]


def test_no_network_at_all(server, cache):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # taken, but nobody listens
        data, lines = load(base_url=f"http://127.0.0.1:{free.getsockname()[1]}")
    assert_digits_instead(data, lines, "cannot be reached")
    assert files_in(cache) == {}


@pytest.mark.parametrize("address", ["nonsense", "file:///etc", "http://"])
def test_what_is_no_address(server, cache, address):
    assert_digits_instead(*load(base_url=address), "https://")


# -- faults in the cache -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [b"", SMALL[FIRST][:100], b"x" * len(SMALL[FIRST])])
def test_a_damaged_file_is_downloaded_again(server, cache, damage):
    load()
    (cache / "mnist" / FIRST).write_bytes(damage)
    data, _ = load()
    assert_small(data)
    assert server.requests[4:] == ["/mnist/" + FIRST]
    assert files_in(cache) == SMALL


def test_a_damaged_file_is_never_used(server, cache):
    load()
    (cache / "mnist" / FIRST).write_bytes(SMALL[FIRST][:100])
    server.faults["/mnist/" + FIRST] = [unavailable] * 3
    assert_digits_instead(*load(), "503")


def test_a_folder_that_cannot_be_made(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "file" / "data"))
    assert_digits_instead(
        *load(), str(tmp_path / "file" / "data"), "set DATA_DIR to a folder that can be written"
    )
    assert server.requests == []
    assert files_in(tmp_path) == {"file": b"in the way"}


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(server, cache):
    cache.mkdir()
    cache.chmod(0o500)
    assert_digits_instead(*load(), "set DATA_DIR to a folder that can be written")
    cache.chmod(0o700)
    load()
    (cache / "mnist").chmod(0o500)
    assert_small(load()[0])  # reading does not need to write


def test_a_full_disk(server, cache, monkeypatch):
    import pooch

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", full)
    assert_digits_instead(*load(), "No space left on device")
    assert files_in(cache) == {}


def test_what_a_killed_process_left_is_swept_later(server, cache):
    (cache / "mnist").mkdir(parents=True)
    for name, age in (
        ("tmpold", 7200),
        ("tmpnew", 60),
    ):  # the younger one may be a download that is under way
        (cache / "mnist" / name).write_bytes(b"half")
        os.utime(cache / "mnist" / name, (time.time() - age,) * 2)
    assert_small(load()[0])
    assert files_in(cache) == {**SMALL, "tmpnew": b"half"}


LOAD = """
import hashlib, json, sys
import helper_functions as hf
from course.images import DOWNLOADS
DOWNLOADS["mnist"].md5.update(json.loads(sys.argv[1]))
data = hf.load_images("mnist")
print(data.name, data.X_train.sum().item())
"""


def test_two_processes_at_once(server, cache, tmp_path):
    both = threading.Barrier(2)

    def when_both_ask(handler, data):
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(30)
        whole(handler, data)

    server.faults["/mnist/" + FIRST] = [when_both_ask, when_both_ask]
    script = tmp_path / "load.py"
    script.write_text(LOAD, encoding="utf-8")
    logs = [tmp_path / "one.log", tmp_path / "other.log"]
    with Pool(preload=["course.runner.preload"]) as pool:
        environment = {"DATA_DIR": str(cache), "DATA_URL": server.url, "NO_PROXY": "127.0.0.1"}
        md5 = json.dumps(DOWNLOADS["mnist"].md5)
        handles = [
            pool.start(script, [md5], output=log, env=environment, time_limit=60) for log in logs
        ]
        assert [handle.wait() for handle in handles] == [0, 0], [log.read_text() for log in logs]
    assert not both.broken, "they did not download at the same time"
    total = (torch.tensor(ARRAYS[0]) / 255).sum().item()
    assert [log.read_text().splitlines()[-1] for log in logs] == [f"mnist {total}"] * 2
    assert files_in(cache) == SMALL


# -- the files -----------------------------------------------------------------------------------------------------


def test_read_idx_reads_arrays_that_can_be_written_to(tmp_path):
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "some.gz").write_bytes(idx(array))
    read = hf.read_idx(tmp_path / "some.gz")
    np.testing.assert_array_equal(read, array)
    read += 1
    assert hf.read_idx(str(tmp_path / "some.gz")).dtype == np.uint8


def test_unknown_name():
    with refuses("'emnist'", "digits", "mnist", "fashion_mnist"):
        hf.load_images("emnist")


def test_the_digits_are_always_split_alike():
    data, lines = load("digits")
    again, _ = load("digits")
    assert lines == []
    assert data.name == "digits"
    assert list(data.X_train.shape) == [1437, 8, 8]
    assert list(data.X_test.shape) == [360, 8, 8]
    assert data.X_train.dtype == torch.float32
    assert data.y_train.dtype == torch.int64
    assert (data.X_train.min(), data.X_train.max()) == (0, 1)
    assert all(torch.equal(a, b) for a, b in zip(data[2:], again[2:], strict=True))
    assert data.y_test.bincount().min() >= 35


# -- the lessons that download -----------------------------------------------------------------------------------------


def run_lesson(number, folder, dataset, monkeypatch, change=("", "")):
    """Run a copy of the lesson with another DATASET in this process; return what it printed and its results."""
    (lesson,) = LESSONS.glob(f"{number}_*.py")
    text = lesson.read_text(encoding="utf-8")
    for old, new in (('DATASET = "digits"', f'DATASET = "{dataset}"'), change):
        assert old in text
        text = text.replace(old, new)
    copy = folder / lesson.name
    copy.write_text(text, encoding="utf-8")
    monkeypatch.setenv("OUTPUT_DIR", str(folder / "outputs"))
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        runpy.run_path(str(copy), run_name="__main__")
    results = folder / "outputs" / "results" / f"{lesson.stem}.json"
    return printed.getvalue(), json.loads(results.read_text(encoding="utf-8"))["results"]


@pytest.mark.parametrize("dataset", ["mnist", "fashion_mnist"])
@pytest.mark.parametrize("number", ["09", "10"])
def test_lesson_on_downloaded_images(server, cache, tmp_path, monkeypatch, number, dataset):
    printed, results = run_lesson(number, tmp_path, dataset, monkeypatch)
    assert f"1. Data: {dataset}" in printed
    assert f"Downloading {dataset} to" in printed
    assert printed.isascii()
    assert files_in(cache) == SMALL
    if number == "09":
        assert results["same_batches"] == 4  # 100 images in batches of 32
        assert "[100, 12, 12]" in printed
    else:
        assert results["same_predictions"] == 50
        assert results["test_acc_linear"] == 100  # the bright column tells the class
        assert DOWNLOADS[dataset].class_names[0] in printed
    figures = {path.name for path in (tmp_path / "outputs").glob("*.png")}
    assert figures == {"09": {"09_batches.png", "09_batch_sizes.png"}}.get(
        number, {"10_training.png", "10_mistakes.png", "10_weights.png"}
    )


@pytest.mark.parametrize(
    ("number", "change"), [("09", ("", "")), ("10", ("EPOCHS = 15", "EPOCHS = 1"))]
)
def test_lesson_without_network_goes_on_with_the_digits(
    server, cache, tmp_path, monkeypatch, number, change
):
    server.files.clear()
    printed, results = run_lesson(number, tmp_path, "mnist", monkeypatch, change)
    assert printed.count(INSTEAD) == 1
    assert "1. Data: digits" in printed
    assert {"09": results.get("same_batches") == 45, "10": results.get("same_predictions") == 360}[
        number
    ]
    assert files_in(cache) == {}

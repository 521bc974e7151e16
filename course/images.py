"""Images: the digits, MNIST and Fashion-MNIST, downloaded once and checked (lessons 09 and 10)."""

import gzip
import math
import os
import sys
import time
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
import torch
from torch import Tensor

from course.checks import show_shape
from course.files import PROJECT
from course.text import ascii_only

DOWNLOADS = {
    "mnist": {
        "url": "https://ossci-datasets.s3.amazonaws.com/mnist",
        "class_names": list("0123456789"),
        "md5": {
            "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
            "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
            "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
        },
    },
    "fashion_mnist": {
        "url": "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
        "class_names": [
            "T-shirt",
            "trouser",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "boot",
        ],
        "md5": {
            "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
            "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
            "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
        },
    },
}
DOWNLOAD_ATTEMPTS = 3


class DownloadError(OSError):
    """A data set cannot be had; the message is one sentence that says why."""


class ImageData(NamedTuple):
    """Grey images in ten classes: N for training, M for the test, each of H rows and W columns of pixels."""

    name: str  # digits, mnist or fashion_mnist: what was really loaded
    class_names: list[str]  # ten, by label
    X_train: Tensor  # [N, H, W], float32, from 0 (background) to 1
    y_train: Tensor  # [N], int64, 0 to 9
    X_test: Tensor  # [M, H, W]
    y_test: Tensor  # [M]


def load_images(
    name: str, *, base_url: str | None = None, timeout: float = 15.0, wait: float = 1.0
) -> ImageData:
    """Load a data set of images; MNIST and Fashion-MNIST are downloaded once and then read from the cache.

    Where they cannot be downloaded, whatever the reason, this prints one line that says why and loads the digits.

    Args:
        name: `digits`: the 1797 images of 8 x 8 pixels that come with scikit-learn, 360 of them for the test, with the
            same share of each digit as the 1437 for training. `mnist` (12 MB) or `fashion_mnist` (31 MB): 60000
            training and 10000 test images of 28 x 28 pixels.
        base_url: address of a folder that holds `mnist/` and `fashion_mnist/` with their four files each, such as
            somebody else's cache behind `python -m http.server`. None takes the environment variable `DATA_URL` or, if
            that is not set, the address where the data set is published. The checksums are the same everywhere.
        timeout: seconds without an answer after which an attempt is given up; there are three attempts.
        wait: seconds before the second attempt; before the third twice as many.

    Returns:
        The images and labels as tensors on the CPU; `.name` says which data set it is.

    Raises:
        ValueError: there is no data set of that name.
    """
    if name not in ("digits", *DOWNLOADS):
        raise ValueError(
            f"the data set's name is {name!r}; expected one of digits, {', '.join(DOWNLOADS)}."
        )
    if name != "digits":
        try:
            return _load_downloaded(name, base_url or os.environ.get("DATA_URL"), timeout, wait)
        except DownloadError as error:
            print(f"{ascii_only(error)} Going on with scikit-learn's digits instead.")
    return _load_digits()


def data_dir() -> Path:
    """Return the folder that downloads are kept in: `DATA_DIR` if set, else `data/` beside this file."""
    return Path(os.environ.get("DATA_DIR") or PROJECT / "data").absolute()


def read_idx(path: str | Path) -> np.ndarray:
    """Read a gzip-compressed IDX file of bytes, the format of MNIST and its relatives.

    Args:
        path: the file, such as `train-images-idx3-ubyte.gz`.

    Returns:
        Array of uint8 in the shape that the header states: `[N]` for labels, `[N, H, W]` for images.

    Raises:
        ValueError: this is no such file, or it holds more or less than its header states.
        OSError: it cannot be read.
    """
    path = Path(path)
    packed = path.read_bytes()
    try:
        data = gzip.decompress(packed)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(
            f"{ascii_only(path)} is no whole gzip file ({error}); expected a packed IDX file."
        ) from error
    # two zero bytes, 8 for "unsigned bytes", the number of dimensions, then each dimension in four bytes
    n_dims = data[3] if len(data) > 3 else 0
    start = 4 + 4 * n_dims
    if data[:3] != b"\0\0\x08" or n_dims == 0 or len(data) < start:
        raise ValueError(
            f"{ascii_only(path)} begins with the bytes {data[:4].hex(' ') or 'of nothing'}; "
            "expected an IDX file: 00 00 08, the number of dimensions, and each dimension."
        )
    shape = np.frombuffer(data, ">u4", n_dims, offset=4).tolist()
    if math.prod(shape) != len(data) - start:
        raise ValueError(
            f"{ascii_only(path)} states the shape {shape}, which is {math.prod(shape)} bytes, "
            f"but {len(data) - start} follow; expected as many as stated."
        )
    return (
        np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy()
    )  # the copy can be written to


@contextmanager
def without_main_script():
    """Keep processes that start inside from running the main script again.

    Where processes are spawned (Windows, macOS) or come from a server (Linux from Python 3.14 on), each begins by
    running the script that started it, under the name `__mp_main__`, to find the functions and classes defined there.
    The workers of a DataLoader need none of them if dataset and collate function come from a library.
    """
    main = vars(sys.modules["__main__"])
    hidden = {name: main[name] for name in ("__file__", "__spec__") if name in main}
    main.pop("__file__", None)
    main["__spec__"] = None
    try:
        yield
    finally:
        main.update(hidden)


def _load_digits() -> ImageData:
    """Return scikit-learn's digits, always split in the same way so that every seed is tested on the same images."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    X, y = map(torch.from_numpy, load_digits(return_X_y=True))
    X = X.float().reshape(-1, 8, 8) / 16  # 17 levels of grey, 0 to 16
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=360, stratify=y, random_state=42
    )
    return ImageData("digits", list("0123456789"), X_train, y_train, X_test, y_test)


def _load_downloaded(name: str, base_url: str | None, timeout: float, wait: float) -> ImageData:
    """Return the images of four cached files, downloading those missing or damaged, or raise DownloadError."""
    source, folder = DOWNLOADS[name], data_dir() / name
    url = f"{base_url.rstrip('/')}/{name}" if base_url else source["url"]
    if not all((folder / file).exists() for file in source["md5"]):
        print(f"Downloading {name} to {ascii_only(folder)}")
        for leftover in folder.glob(
            "tmp*"
        ):  # of a process that was killed; a younger one may be in use
            with suppress(OSError):
                if time.time() - leftover.stat().st_mtime > 3600:
                    leftover.unlink()
    try:
        paths = [
            _fetch(f"{url}/{file}", md5, folder, timeout, wait)
            for file, md5 in source["md5"].items()
        ]
        X_train, y_train, X_test, y_test = map(read_idx, paths)
    except ValueError as error:
        raise DownloadError(f"Cannot use {name}: {error}") from error
    for X, y in ((X_train, y_train), (X_test, y_test)):
        if (
            X.ndim != 3
            or y.shape != X.shape[:1]
            or not X.size
            or X.shape[1:] != X_train.shape[1:]
            or y.max() > 9
        ):
            raise DownloadError(
                f"Cannot use {name}: images of the shape {show_shape(X)} and labels {show_shape(y)} do not belong together; "
                "expected [N, H, W], [N] and labels from 0 to 9."
            )
    X_train, y_train, X_test, y_test = map(torch.from_numpy, (X_train, y_train, X_test, y_test))
    return ImageData(
        name,
        source["class_names"],
        X_train.float() / 255,
        y_train.long(),
        X_test.float() / 255,
        y_test.long(),
    )


def _fetch(url: str, md5: str, folder: Path, timeout: float, wait: float) -> Path:
    """Return the path of the file in the cache, downloading it if it is missing or damaged, or raise DownloadError.

    pooch downloads into a temporary file beside its place, checks it and then moves it there.
    """
    import pooch  # here and not above: it takes a tenth of a second that most lessons can spare

    pooch.get_logger().setLevel("WARNING")
    host, file = urlsplit(url).netloc, url.rsplit("/", 1)[1]
    for attempt in range(1, DOWNLOAD_ATTEMPTS + 1):
        progress = _Progress(file) if sys.stderr.isatty() else None
        downloader = pooch.HTTPDownloader(progressbar=progress, chunk_size=2**16, timeout=timeout)
        try:
            return Path(pooch.retrieve(url, f"md5:{md5}", file, folder, downloader=downloader))
        except (OSError, ValueError) as error:
            if progress:
                progress.close()
            reason, passing = _explain_failure(error, host or url, timeout, folder)
            if not passing or attempt == DOWNLOAD_ATTEMPTS:
                raise DownloadError(f"Cannot download {file}: {reason}.") from error
        time.sleep(attempt * wait)


def _explain_failure(error: Exception, host: str, timeout: float, folder: Path) -> tuple[str, bool]:
    """Return why a download failed, in words, and whether another attempt may succeed."""
    import requests

    if isinstance(error, requests.HTTPError):
        status = error.response.status_code
        return f"{host} answered {status} {error.response.reason}", status >= 500 or status in (
            408,
            429,
        )
    if isinstance(error, requests.RequestException):
        if isinstance(error, requests.Timeout) or "timed out" in str(error):
            return f"{host} did not answer within {timeout:g} seconds", True
        if isinstance(error, requests.ConnectionError):
            return f"{host} cannot be reached", True
        if isinstance(error, ValueError):
            return (
                f"{host!r} is no web address; expected one that begins with https:// or http://",
                False,
            )
        return f"the connection to {host} broke off", True
    if isinstance(error, ValueError):
        return f"what {host} sent is not the published file, its checksum differs", True
    return (
        f"the folder {ascii_only(folder)} cannot be used ({error.strerror or error}); "
        "set DATA_DIR to a folder that can be written",
        False,
    )


class _Progress:
    """One line on a terminal that says how much of a file has come; pooch sets `total` and calls the methods."""

    def __init__(self, file: str):
        self.file, self.total, self.done = file, 0, 0

    def update(self, size: int) -> None:
        self.done = min(self.done + size, self.total or self.done + size)
        whole = f" of {self.total / 1e6:.1f}" if self.total else ""
        print(
            f"\r{self.file}: {self.done / 1e6:.1f}{whole} MB", end="", file=sys.stderr, flush=True
        )

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        if self.done:
            print(file=sys.stderr)
        self.done = 0

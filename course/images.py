"""Images: the digits, MNIST and Fashion-MNIST, downloaded once and checked (lessons 09 and 10)."""

import gzip
import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
import torch
from torch import Tensor

from course.files import PROJECT
from course.text import ascii_only


@dataclass(frozen=True)
class Source:
    """Where a data set is published, and the checksum of each of its four files."""

    url: str
    class_names: list[str]  # ten, by label
    md5: dict[str, str]  # by the name of the file: training images, labels, test images, labels


DOWNLOADS = {
    "mnist": Source(
        url="https://ossci-datasets.s3.amazonaws.com/mnist",
        class_names=list("0123456789"),
        md5={
            "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
            "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
            "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
        },
    ),
    "fashion_mnist": Source(
        url="https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
        class_names=[
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
        md5={
            "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
            "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
            "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
        },
    ),
}
DOWNLOAD_ATTEMPTS = 3
TOO_BUSY = (408, 429)  # answers after which another attempt may succeed, as after 500 and above
LEFTOVER_AGE = 3600  # seconds after which half a download belongs to nobody


class DownloadError(OSError):
    """A data set cannot be had; the message is one sentence that says why."""


class ImageData(NamedTuple):
    """Grey images in ten classes: N in the training set, M in the test set, of H x W pixels."""

    name: str  # digits, mnist or fashion_mnist: what was really loaded
    class_names: list[str]  # ten, by label
    X_train: Tensor  # [N, H, W], float32, from 0 (background) to 1
    y_train: Tensor  # [N], int64, 0 to 9
    X_test: Tensor  # [M, H, W]
    y_test: Tensor  # [M]


def load_images(
    name: str, *, base_url: str | None = None, timeout: float = 15.0, wait: float = 1.0
) -> ImageData:
    """Load a data set of images; MNIST and Fashion-MNIST are downloaded once, into a cache.

    Where they cannot be downloaded, whatever the reason, this prints one line that says why and
    loads the digits.

    Args:
        name: `digits`: the 1797 images of 8 x 8 pixels that come with scikit-learn, 360 of them in
            the test set, with the same share of each digit as the 1437 in the training set.
            `mnist` (12 MB) or `fashion_mnist` (31 MB): 60000 images of 28 x 28 pixels in the
            training set and 10000 in the test set.
        base_url: address of a folder that holds `mnist/` and `fashion_mnist/` with their four
            files each, such as somebody else's cache behind `python -m http.server`. None takes
            the environment variable `DATA_URL` or, if that is not set, the address where the data
            set is published. The checksums are the same everywhere.
        timeout: seconds without an answer after which an attempt is given up; there are three.
        wait: seconds before the second attempt; before the third twice as many.

    Returns:
        The images and labels as tensors on the CPU; `.name` says which data set it is.

    Raises:
        ValueError: there is no data set of that name.

    >>> data = load_images("digits")
    >>> data.X_train.shape, data.y_test.shape
    (torch.Size([1437, 8, 8]), torch.Size([360]))
    """
    if name not in ("digits", *DOWNLOADS):
        raise ValueError(
            f"the data set's name is {name!r}; expected one of digits, {', '.join(DOWNLOADS)}."
        )
    if name != "digits":
        try:
            return _load_downloaded(name, base_url or os.environ.get("DATA_URL"), timeout, wait)
        except DownloadError as error:
            print(f"{ascii_only(str(error))} Going on with scikit-learn's digits instead.")
    return _load_digits()


def data_dir() -> Path:
    """Return the folder for downloads: `DATA_DIR` if set, else `data/` beside the helper.

    >>> data_dir().is_absolute()
    True
    """
    return Path(os.environ.get("DATA_DIR") or PROJECT / "data").absolute()


def read_idx(path: str | Path) -> np.ndarray:
    """Read a gzip-compressed IDX file of bytes, the format of MNIST and its relatives.

    Args:
        path: the file, such as `train-images-idx3-ubyte.gz`.

    Returns:
        Array of uint8 in the shape that the header states: `[N]` for labels, `[N, H, W]` for
        images. It can be written to.

    Raises:
        OSError: it cannot be read, or is not a gzip file.

    >>> from tempfile import TemporaryDirectory
    >>> header = bytes([0, 0, 8, 1, 0, 0, 0, 3])
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "three-labels.gz")
    ...     with gzip.open(path, "wb") as file:
    ...         size = file.write(header + bytes([7, 2, 1]))
    ...     read_idx(path)
    array([7, 2, 1], dtype=uint8)
    """
    data = gzip.decompress(Path(path).read_bytes())
    # two zero bytes, 8 for "unsigned bytes", the number of dimensions, each of them in four bytes
    n_dims = data[3]
    shape = np.frombuffer(data, ">u4", n_dims, offset=4).tolist()
    values = np.frombuffer(data, np.uint8, offset=4 + 4 * n_dims)
    return values.reshape(shape).copy()  # the copy can be written to


def _load_digits() -> ImageData:
    """Return scikit-learn's digits, always split alike, so that every seed has one test set."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    X = torch.from_numpy(images).float().reshape(-1, 8, 8) / 16  # 17 levels of grey, 0 to 16
    y = torch.from_numpy(labels)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=360, stratify=y, random_state=42
    )
    return ImageData("digits", list("0123456789"), X_train, y_train, X_test, y_test)


def _load_downloaded(name: str, base_url: str | None, timeout: float, wait: float) -> ImageData:
    """Return the images of four cached files; download those that are missing or damaged.

    Raises:
        DownloadError: one of them cannot be had.
    """
    source = DOWNLOADS[name]
    folder = data_dir() / name
    url = f"{base_url.rstrip('/')}/{name}" if base_url else source.url
    if not all((folder / file).exists() for file in source.md5):
        print(f"Downloading {name} to {ascii_only(folder)}")
        _sweep(folder)
    paths = []
    for file, md5 in source.md5.items():
        paths.append(_fetch(f"{url}/{file}", md5, folder, timeout, wait))
    X_train, y_train, X_test, y_test = (torch.from_numpy(read_idx(path)) for path in paths)
    return ImageData(
        name,
        source.class_names,
        X_train.float() / 255,
        y_train.long(),
        X_test.float() / 255,
        y_test.long(),
    )


def _sweep(folder: Path) -> None:
    """Remove what processes that were killed left behind; younger files may be in use."""
    for leftover in folder.glob("tmp*"):
        with suppress(OSError):
            if time.time() - leftover.stat().st_mtime > LEFTOVER_AGE:
                leftover.unlink()


def _fetch(url: str, md5: str, folder: Path, timeout: float, wait: float) -> Path:
    """Return the path of the file in the cache; download it if it is missing or damaged.

    pooch downloads into a temporary file beside its place, checks it and then moves it there.

    Raises:
        DownloadError: every attempt failed.
    """
    import pooch  # here, because most lessons download nothing

    pooch.get_logger().setLevel("WARNING")
    host = urlsplit(url).netloc
    file = url.rpartition("/")[2]
    attempt = 1
    while True:
        progress = _Progress(file) if sys.stderr.isatty() else None
        downloader = pooch.HTTPDownloader(progressbar=progress, chunk_size=2**16, timeout=timeout)
        try:
            return Path(pooch.retrieve(url, f"md5:{md5}", file, folder, downloader=downloader))
        except (OSError, ValueError) as error:
            if progress is not None:
                progress.close()
            reason, may_pass = _explain_failure(error, host or url, timeout, folder)
            if attempt == DOWNLOAD_ATTEMPTS or not may_pass:
                raise DownloadError(f"Cannot download {file}: {reason}.") from error
        time.sleep(attempt * wait)
        attempt += 1


def _explain_failure(error: Exception, host: str, timeout: float, folder: Path) -> tuple[str, bool]:
    """Return why a download failed, in words, and whether another attempt may succeed."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        status = error.response.status_code
        may_pass = status >= 500 or status in TOO_BUSY
        return f"{host} answered {status} {error.response.reason}", may_pass
    if isinstance(error, requests.RequestException):
        if isinstance(error, requests.Timeout) or "timed out" in str(error):
            return f"{host} did not answer within {timeout:g} seconds", True
        if isinstance(error, requests.ConnectionError):
            return f"{host} cannot be reached", True
        if isinstance(error, ValueError):
            expected = "expected one that begins with https:// or http://"
            return f"{host!r} is not a web address; {expected}", False
        return f"the connection to {host} broke off", True
    if isinstance(error, OSError):
        place = f"the folder {ascii_only(folder)} cannot be used ({error.strerror or error})"
        return f"{place}; set DATA_DIR to a folder that can be written", False
    return f"what {host} sent is not the published file, its checksum differs", True


class _Progress:
    """One line on a terminal that says how much of a file has come.

    pooch sets `total` and calls the methods.
    """

    def __init__(self, file: str):
        self.file = file
        self.total = 0
        self.done = 0

    def update(self, size: int) -> None:
        self.done += size
        if self.total > 0:
            self.done = min(self.done, self.total)
        whole = f" of {self.total / 1e6:.1f}" if self.total > 0 else ""
        line = f"\r{self.file}: {self.done / 1e6:.1f}{whole} MB"
        print(line, end="", file=sys.stderr, flush=True)

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        if self.done > 0:
            print(file=sys.stderr)
        self.done = 0

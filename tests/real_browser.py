"""The fixture `browser`: Chromium or Chrome, started once. Where that cannot be, its tests are skipped, loudly."""

import os
import shutil
import warnings

import pytest

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-device-scale-factor=1",
    "--window-size=1280,1000",
]


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Start Chromium or Chrome once; skip, with a warning that stands in the summary, where that cannot be."""
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        _skip("Selenium is not installed (pip install selenium)")
    found = [
        os.environ.get("CHROMIUM"),
        *map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome")),
    ]
    binary = next(filter(None, found), None)
    if binary is None:
        _skip("no Chromium or Chrome was found (install one, or set CHROMIUM to its path)")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in [*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    try:
        driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    except Exception as error:
        _skip(f"{binary} did not start ({type(error).__name__}: {str(error).splitlines()[0]})")
    yield driver
    driver.quit()


def _skip(reason):
    warnings.warn(f"THE PAGES WERE NOT TESTED IN A BROWSER: {reason}.", stacklevel=2)
    pytest.skip(reason)

"""Starts Chromium (or Chrome) and Firefox through Selenium; the fixture `browser` is Chromium, started once.

Where a browser or its driver is missing, its tests are skipped, with a warning that says what to install.
"""

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


def chromium(folder, dark=False):
    """Start Chromium or Chrome."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    options.binary_location = _program("CHROMIUM", *names)
    for flag in [*FLAGS, f"--user-data-dir={folder}"]:
        options.add_argument(flag)
    options.enable_bidi = True
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    if dark:
        feature = {"name": "prefers-color-scheme", "value": "dark"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    return driver


def firefox(folder, dark=False):
    """Start Firefox."""
    from selenium import webdriver
    from selenium.webdriver.firefox.service import Service

    options = webdriver.FirefoxOptions()
    options.binary_location = _program("FIREFOX", "firefox", "firefox-esr")
    options.add_argument("-headless")
    options.set_preference("layout.css.prefers-color-scheme.content-override", 0 if dark else 1)
    options.enable_bidi = True
    service = Service(_program("GECKODRIVER", "geckodriver"), log_output=str(folder / "log"))
    return webdriver.Firefox(options=options, service=service)


def _program(variable, *names):
    """Return the path of a program: a variable of the environment, or else one of these names on the PATH."""
    found = next(filter(None, [os.environ.get(variable), *map(shutil.which, names)]), None)
    if found is None:
        raise FileNotFoundError(
            f"no {' or '.join(names)} was found (install it, or set {variable} to its path)"
        )
    return found


def start(name, folder, **options):
    """Start a browser; skip, with a warning that stands in the summary, where that cannot be."""
    try:
        return {"chromium": chromium, "firefox": firefox}[name](folder, **options)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        warnings.warn(f"THE PAGES WERE NOT TESTED IN {name.upper()}: {reason}.", stacklevel=2)
        pytest.skip(f"{name} cannot be started: {reason}")  # tools/skipped_tests.py looks for it


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    driver = start("chromium", tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()

"""The fixture `browser`: Chromium (or Chrome) and Firefox, each started once.

Where one of them or its driver is missing, its tests are skipped, with a warning that says what to install.
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
        raise FileNotFoundError(f"no {' or '.join(names)} was found (install one, or set {variable} to its path)")
    return found


def start(starter, folder, **options):
    """Start a browser with a window of 1280 x 1000; skip, with a warning in the summary, where that cannot be."""
    try:
        driver = starter(folder, **options)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        warnings.warn(f"THE PAGES WERE NOT TESTED IN {starter.__name__.upper()}: {reason}.", stacklevel=2)
        pytest.skip(reason)
    resize(driver, 1280, 1000)
    driver.errors = []
    driver.script.add_javascript_error_handler(driver.errors.append)
    return driver


def resize(driver, width, height):
    viewport = {"width": width, "height": height}
    driver.browsing_context.set_viewport(context=driver.current_window_handle, viewport=viewport)


@pytest.fixture(scope="session", params=[chromium, firefox], ids=["chromium", "firefox"])
def browser(request, tmp_path_factory):
    driver = start(request.param, tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()

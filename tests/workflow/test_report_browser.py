"""The page of a study in a browser: clicks, no error, no request, at the width of a telephone."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest
import xarray as xr
from workflow_study import CONFIG

spec = importlib.util.spec_from_file_location("browser", Path(__file__).with_name("browser.py"))
browser = sys.modules["browser"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(browser)

pytestmark = pytest.mark.skipif(
    browser.executable() is None,
    reason="no Chromium on this machine (Debian: apt-get install chromium)",
)
WIDE, NARROW = 1200, 400


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    # Its folder must not be deep: sockets in it have short names.
    own = browser.Browser(tmp_path_factory.mktemp("chromium"))
    yield own
    own.close()


@pytest.fixture
def page(chromium, finished):
    """The browser, to open the page at a width; afterwards nothing may have gone wrong."""
    path = finished.folder / "results" / "small" / "report.html"
    chromium.events.clear()

    def opened(width):
        chromium.open(path, width)
        return chromium

    yield opened
    assert chromium.errors() == []
    assert {url.partition("#")[0] for url in chromium.requests()} == {path.as_uri()}


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_nothing_is_wider_than_the_window(page, width):
    shown = page(width)
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    widths = shown.evaluate(
        "[...document.querySelectorAll('.picture img')].map(i => i.clientWidth)"
    )
    assert len(widths) == len(CONFIG["figures"])
    # Pictures shrink with the window, to all of its width but the margins.
    assert all(0.8 * min(width, 800) < one < width for one in widths)
    shown.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    for table in ("evidence", "systems", "times"):
        inside = f"[...document.querySelectorAll('table.{table}')].every(t => t.closest('.scroll'))"
        assert shown.evaluate(inside)
    styles = "[...document.querySelectorAll('.scroll')].map(s => getComputedStyle(s).overflowX)"
    assert set(shown.evaluate(styles)) == {"auto"}


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_click_enlarges_a_figure_and_another_shows_each_of_its_points(page, width):
    shown = page(width)
    is_open = "document.querySelector('dialog').open"
    large = "document.querySelector('dialog img')"
    first = "document.querySelectorAll('.picture img')[0]"
    assert not shown.evaluate(is_open)
    shown.click("#figure-profile .picture")
    shown.wait(is_open)
    shown.wait(f"{large}.complete && {large}.naturalWidth > 0")
    assert shown.evaluate(f"{large}.src === {first}.src")
    assert shown.evaluate(f"{large}.alt === {first}.alt")
    assert shown.evaluate(f"{large}.clientWidth <= innerWidth")
    shown.click("dialog img")
    shown.wait(f"{large}.clientWidth === {large}.naturalWidth")
    shown.click("dialog img")
    shown.wait(f"{large}.clientWidth <= innerWidth")
    shown.click("dialog button")
    shown.wait(f"!{is_open}")


def test_figures_are_enlarged_from_the_keyboard_too(page):
    shown = page(WIDE)
    is_open = "document.querySelector('dialog').open"
    shown.evaluate("document.querySelectorAll('.picture')[1].focus()")
    shown.press("Enter")
    shown.wait(is_open)
    assert shown.evaluate(
        "document.querySelector('dialog img').src"
        " === document.querySelectorAll('.picture img')[1].src"
    )
    shown.press("Escape")
    shown.wait(f"!{is_open}")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_there_is_a_way_back_to_the_top(page, width):
    shown = page(width)
    shown.click("nav a[href='#software']")
    shown.wait("location.hash === '#software' && scrollY > 0")
    shown.click("a.top")
    shown.wait("location.hash === '#top' && scrollY < 50")


def test_links_lead_to_files_and_the_three_lines_open_them(page, finished, monkeypatch):
    shown = page(WIDE)
    links = shown.evaluate(
        "[...document.querySelectorAll('figcaption a')].map(a => a.getAttribute('href'))"
    )
    folder = finished.folder / "results" / "small"
    files = [link for link in links if not link.startswith("#")]
    assert {"figures/profile.png", "trivial/response.nc", "flake/response.nc"} <= set(files)
    assert all((folder / file).is_file() for file in files)
    shown.click("#figure-profile figcaption summary")
    code = "document.querySelector('#figure-profile figcaption pre')"
    shown.wait(f"{code}.checkVisibility()")
    lines = shown.evaluate(f"{code}.textContent")
    assert len(lines.strip().splitlines()) == 3
    monkeypatch.chdir(finished.folder)
    names: dict = {}
    exec(lines, names)
    assert list(names["datasets"]) == ["trivial/response.nc", "graphene/response.nc"]
    for file, ds in names["datasets"].items():
        with ds, xr.open_dataset(os.path.join("results", "small", file)) as other:
            xr.testing.assert_identical(ds, other)

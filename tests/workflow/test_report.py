"""The page of a study: whole, self-contained, readable without the picture, and made last."""

import base64
import getpass
import json
import platform
import re
import subprocess
from html.parser import HTMLParser

import pytest
from workflow_study import CONFIG, ROOT, Project, config

from accumulation.report import markup, page_runs, revision
from accumulation.report import page as report
from accumulation.study import study
from accumulation.study.stages import of_singles

VOID = {"meta", "img", "br", "hr", "link", "input"}
PAGE = "results/small/report.html"


class Page(HTMLParser):
    """Tags with their attributes, text, and whether every tag is closed in turn."""

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.words, self.open = [], [], []
        self.feed(text)
        self.close()
        self.source = re.sub(r"data:[\w/+]+;base64,[\w/+=]+", "data:", text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    def all(self, tag: str) -> list[dict]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def pictures(self) -> list[dict]:
        """All but the one of the dialog, which has no source until it is opened."""
        return [attrs for attrs in self.all("img") if "src" in attrs]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page_of(project) -> Page:
    return Page((project.folder / PAGE).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page(finished):
    return page_of(finished)


@pytest.fixture
def mine(finished, tmp_path):
    """A copy of the finished project that a test may run."""
    return Project.copied(finished, tmp_path)


def made(project) -> dict:
    """When each dataset and figure was written."""
    results = project.folder / "results"
    paths = [*results.rglob("*.nc"), *results.rglob("*.png")]
    return {str(path.relative_to(results)): path.stat().st_mtime_ns for path in paths}


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_page_shows_each_figure_as_it_is_on_disk(page, finished):
    shown = [base64.b64decode(img["src"].partition(",")[2]) for img in page.pictures]
    folder = finished.folder / "results" / "small" / "figures"
    assert shown == [(folder / f"{name}.png").read_bytes() for name in CONFIG["figures"]]


def test_alternative_texts_are_the_captions(page):
    assert [img["alt"] for img in page.pictures] == ["profiles", "profiles"]
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in page.all("svg"))


def test_page_needs_no_network_and_no_file_but_those_it_links_to(page, finished):
    assert [one.get("src", "data:")[:5] for _, one in page.tags] == ["data:"] * len(page.tags)
    linked = {one["href"] for one in page.all("a") if not one["href"].startswith("#")}
    folder = finished.folder / "results" / "small"
    assert linked == {
        *(f"figures/{name}.png" for name in CONFIG["figures"]),
        *(f"{name}/response.nc" for name in CONFIG["systems"]),
    }
    assert all((folder / file).is_file() for file in linked)
    assert {"link", "iframe", "object"} & {tag for tag, _ in page.tags} == set()
    assert page.all("script") == [{}]  # its own, without a library
    assert not re.search(r"https?:|@import|url\((?!#)|fetch|XMLHttp", page.source)


def test_page_names_no_folder_host_or_user(page, finished):
    assert str(finished.folder) not in page.source
    assert not re.search(r"(?<![\w<])/(home|root|tmp|usr|var|work|Users)\b", page.source)
    for name in (platform.node(), getpass.getuser()):
        assert not re.search(rf"\b{re.escape(name)}\b", page.text)


def test_page_is_well_formed(page):
    assert page.open == []
    assert page.tags[0] == ("html", {"lang": "en"})
    assert len(page.all("h1")) == len(page.all("title")) == len(page.all("main")) == 1
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")}
    assert targets <= set(ids)
    assert {f"figure-{name}" for name in CONFIG["figures"]} <= targets


def test_parameters_are_those_that_differ_and_behind_them_all(page):
    short, _, long = page.text.partition("All parameters, the defaults too")
    row = short[short.rindex("trivial haldane:") : short.rindex("graphene haldane:")]
    assert row.strip() == (
        "trivial haldane: t2 0.06 , phi π/2 , delta 0.5 ribbon: direction (1, 0) , width 4 "
        "k 21 , gauge atomic, cell"
    )
    assert "length 4" in short
    assert "model.strain 0" in long
    assert "model.strain" not in short


def test_run_times_and_stages_are_told(page):
    for stage in (one.name for one in of_singles()):
        assert re.search(rf"\b{stage} 3 [\d.]+ s [\d.]+ s (trivial|graphene|flake)\b", page.text)
        assert f"{stage} 3 files" in page.text
    assert "figures 2 files" in page.text
    assert re.search(r"\ball 14 [\d.]+ s", page.text)
    for name in ("Python", "accumulation", *page_runs.PACKAGES):
        assert re.search(rf"\b{name} \d+\.\d", page.text)


def test_caption_edit_reaches_the_page_and_no_dataset(mine):
    before = made(mine)
    replace(mine.folder / "profile.py", '"profiles"', '"rows & $y_{nn}$, t2 -> 0 <done>"')
    assert mine.planned(without=()) == {"figure": 2, "report_page": 1}
    mine.run()
    assert {img["alt"] for img in page_of(mine).pictures} == {"rows & ynn, t2 → 0 <done>"}
    assert {n: t for n, t in made(mine).items() if n.endswith(".nc")} == {
        n: t for n, t in before.items() if n.endswith(".nc")
    }
    assert mine.planned(without=()) == {}


def test_option_of_a_figure_reaches_the_page(mine):
    before = [img["src"] for img in page_of(mine).pictures]
    mine.write(config(figures__profile__options__title="b"))
    assert mine.planned(without=()) == {"figure": 1, "report_page": 1}
    mine.run()
    after = page_of(mine)
    sources = [img["src"] for img in after.pictures]
    assert sources[0] != before[0]
    assert sources[1] == before[1]
    assert "title b" in after.text


@pytest.mark.parametrize(
    "change",
    [
        lambda p: replace(p / "src/accumulation/report/report.html.jinja", "Software", "Versions"),
        lambda p: replace(p / "src/accumulation/report/flowchart.py", "LIFT = 24", "LIFT = 20"),
        lambda p: (p / PAGE).unlink(),
    ],
    ids=["template", "code", "gone"],
)
def test_what_concerns_the_page_alone_makes_the_page_alone(mine, change):
    change(mine.folder)
    assert mine.planned(without=()) == {"report_page": 1}


def test_figure_taken_out_leaves_the_page(mine):
    mine.write(config(figures__other=None))
    assert mine.planned(without=()) == {"report_page": 1}
    mine.run()
    assert len(page_of(mine).pictures) == 1


def test_benchmarks_are_shown_if_there_and_never_asked_for(mine):
    for path in (mine.folder / "results" / "small" / "benchmarks").rglob("*.tsv"):
        path.unlink()
    assert mine.planned(without=()) == {}
    (mine.folder / PAGE).unlink()
    before = made(mine)
    mine.run()
    assert made(mine) == before
    assert "No run times" in page_of(mine).text


def test_study_in_pdf_alone_and_study_without_figures_have_a_page(mine):
    mine.write(config(formats=["pdf"]))
    assert mine.planned(without=()) == {"figure": 2, "page_figure": 2, "report_page": 1}
    mine.run()
    assert len(page_of(mine).pictures) == 2
    mine.write(config(figures={}))
    mine.run()
    assert page_of(mine).pictures == []


def test_axes_are_summarised():
    axis = [round(-0.42 + 0.042 * i, 3) for i in range(21)]
    system = study.load(config(figures={})).systems["trivial"]
    for delta in (axis, [str(value) for value in axis]):
        model = system["model"] | {"delta": delta}
        grid = study.Study("small", {"grid": system | {"model": model}}, {}, ["png"])
        text = report.spec(grid)
        assert len(text) < 700
        shown = Page(report.render(json.loads(text), [], ROOT / "absent"))
        assert "delta 21 values from −0.42 to 0.42" in shown.text


def test_spec_of_many_systems_fits_a_shell_line():
    many = {f"system_{i}": CONFIG["systems"]["trivial"] for i in range(1000)}
    levels = {"fermi_energy": [0.001 * i for i in range(40)]}
    large = study.load(config(systems={k: v | levels for k, v in many.items()}, figures={}))
    assert len(report.spec(large)) < 60_000


@pytest.mark.parametrize(
    ("caption", "rich", "plain"),
    [
        ("a < b & c", "a &lt; b &amp; c", "a < b & c"),
        ("m_nn(k) of t2", "<i>m</i><sub>nn</sub>(k) of <i>t</i><sub>2</sub>", "mnn(k) of t2"),
        ("x -> -x, (b-d)", "x → −x, (b-d)", "x → −x, (b-d)"),
        ("t0 tau / hbar", "<i>t</i><sub>0</sub> τ / ħ", "t0 τ / ħ"),
        ("`fermi_energy` tau_x", "<code>fermi_energy</code> tau_x", "fermi_energy tau_x"),
        (
            r"$10^{-3}\,\mathrm{eV}$",
            '<span class="math">10<sup>−3</sup>\u2009<span>eV</span></span>',
            "10^−3\u2009eV",
        ),
        (r"$\tau n_\mu = \pi$", '<span class="math">τ<i>n</i><sub>μ</sub> = π</span>', "τnμ = π"),
        (r"$\mathbf{E}_F$", '<span class="math"><b>E</b><sub><i>F</i></sub></span>', "EF"),
    ],
)
def test_captions_become_html(caption, rich, plain):
    assert markup.rich(caption) == rich
    assert markup.plain(caption) == plain


def test_formula_beyond_html_becomes_a_picture():
    shown = Page(markup.rich(r"so $\frac{a}{b}$ is"))
    assert shown.all("img")[0]["alt"] == r"\frac{a}{b}"
    assert shown.all("img")[0]["src"].startswith("data:image/svg+xml;base64,")
    assert markup.plain(r"so $\frac{a}{b}$ is") == r"so \frac{a}{b} is"
    assert markup.rich(r"$\nothing{$") == r"<code>\nothing{</code>"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (1.5707963267948966, "π/2"), (-2.0943951023931953, "−2π/3"), (3.14, "3.14"),
     (-0.2, "−0.2"), (1e-5, "1e−5"), (401, "401")],
)  # fmt: skip
def test_numbers_are_read_as_they_are_meant(value, shown):
    assert markup.number(value) == shown


def test_commit_is_that_of_the_clone_and_of_no_folder_around_it(tmp_path, monkeypatch):
    package = tmp_path / "clone" / "package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    monkeypatch.setattr(revision, "PACKAGE", package)
    monkeypatch.setattr(revision, "_installed", lambda: None)
    assert revision.commit() == revision.UNKNOWN

    def git(*arguments):
        named = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        command = ["git", "-C", str(package.parent), *named, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    git("init", "-q")
    # A repository that surrounds the package does not hold it yet.
    git("commit", "-q", "--allow-empty", "-m", "empty")
    assert revision.commit() == revision.UNKNOWN
    git("add", ".")
    git("commit", "-q", "-m", "package")
    head = git("rev-parse", "HEAD").strip()
    assert re.fullmatch("[0-9a-f]{40}", head)
    assert revision.commit() == head
    (package / "__init__.py").write_text("x = 1")
    assert revision.commit() == f"{head}, with changes since"

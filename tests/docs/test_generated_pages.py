"""References in docs/ agree with what they are written from; the index of equations is complete."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import api_reference
import docstring_text
import equation_index
import equation_numbers
import pages
import pytest
import tables

import accumulation
from accumulation import plugin_api
from accumulation.jobs.points import FLAGS as FLAGS_OF_A_POINT
from accumulation.responses.static import FLAGS as FLAGS_OF_A_SYSTEM
from accumulation.study import config_file
from accumulation.theory import curvature

ROOT = Path(__file__).parents[2]
MARKDOWN = [
    ROOT / "README.md",
    ROOT / "config" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
MARKDOWN += sorted((ROOT / "docs" / "tutorials").glob("*.md"))


@pytest.fixture(scope="module")
def index():
    return equation_index.index()


def test_every_equation_of_the_paper_has_a_function_or_a_reason(index):
    assert len(index) == 58 + 55
    assert equation_index.faults(index) == []


@pytest.mark.parametrize(
    ("number", "note", "words"),
    [
        ("58", {"what": "interband"}, "no docstring"),
        ("S10", {}, "does not say what it is"),
        ("S10", {"what": "yes", "from 24": None}, "does not say what it is"),
    ],
)
def test_an_equation_without_function_and_reason_is_a_fault(index, number, note, words):
    emptied = {**index, number: {kind: [] for kind in equation_index.KINDS}}
    said = {**equation_index.notes(), number: note}
    assert any(words in one for one in equation_index.faults(emptied, said))


def test_a_reason_that_is_out_of_date_is_a_fault(index):
    said = {**equation_index.notes(), "58": {"what": "interband", "reason": "superseded"}}
    assert equation_index.faults(index, said) == [
        "58: computed by a function, so its reason is out of date"
    ]


def test_the_index_knows_functions_variables_checks_tests_and_figures(index):
    # By hand, from the files: S24 is a function's, a check's and a figure's; S18 a test's.
    own = equation_index.short(curvature.__name__)
    assert f"{own}.compute" in index["S24"]["function"]
    assert any(name.startswith("curvature: ") for name in index["S24"]["check"])
    assert "curvature" in index["S24"]["figure"]
    assert any(name.startswith("test_rashba::") for name in index["S18"]["test"])
    assert {"accumulation", "net", "error"} <= set(index["58"]["variable"])


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("the torque (Eqs. 42, 43) and S33", {"42", "43", "S33"}),
        ("Eqs. 17-21, S46", {"17", "18", "19", "20", "21", "S46"}),
        ("closed forms of S15-S18", {"S15", "S16", "S17", "S18"}),
        ("Eq. 52 as it stands; 2.5 of 30", {"52"}),
        ("(Eq. 1 and below; the charge is -e)", {"1"}),
        ("Eqs. 56, S47 and S51", {"56", "S47", "S51"}),
        ("an S3x, S99 or a factor of 7", set()),
    ],
)
def test_equations_that_a_text_cites(text, numbers):
    assert equation_numbers.cited(text) == numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("8, 29, S19-S21", {"8", "29", "S19", "S20", "S21"}),
        ("Fig. 2(d)", set()),
        ("Kane and Mele (2005); 3", set()),
        ("Eqs. 1, 5", {"1", "5"}),
    ],
)
def test_equations_that_an_attribute_declares(text, numbers):
    assert equation_numbers.declared(text) == numbers


def test_kept_pages_are_up_to_date():
    """``python docs/generators`` writes them anew."""
    old = [path.name for path, text in pages.kept().items() if path.read_text() != text]
    assert old == []


def test_tables_of_the_config_follow_the_schema():
    schema = config_file.schema()
    rows = {row[0]: row for row in tables.rows(schema, schema["$defs"]["system"])}
    assert rows["`k`"][1:] == (
        "points in the Brillouin zone, ribbons and wires only",
        "an integer of at least 8",
        "`401`",
    )
    assert "`geometry.height`" in rows
    required = [row[0] for row in tables.rows(schema, schema) if row[3] == "required"]
    assert required == ["`study`", "`systems`"]


@pytest.mark.parametrize(
    ("flags", "head"),
    [(FLAGS_OF_A_SYSTEM, "For one system"), (FLAGS_OF_A_POINT, "For a point of a grid")],
    ids=["system", "grid"],
)
def test_flags_of_status_are_documented(flags, head):
    text = (ROOT / "docs" / "datasets.md").read_text().split(head)[1].split("\n\n")[1]
    rows = re.findall(r"^\| (\d+) \| `([^`]+)` \|", text, re.MULTILINE)
    assert {name: int(bit) for bit, name in rows} == flags


def test_api_reference_holds_every_public_name():
    text = "\n".join(api_reference.pages().values())
    for name in accumulation.__all__:
        value = getattr(accumulation, name)
        if inspect.isfunction(value) or inspect.isclass(value):
            assert f"### `{value.__name__}`" in text, name
    labels = re.findall(r"^\((api-[^)]+)\)=$", text, re.MULTILINE)
    assert len(labels) == len(set(labels))
    assert {api_reference.anchor(name) for name in api_reference.names()} == set(labels)


def test_signatures_keep_their_defaults():
    text = "\n".join(api_reference.pages().values())
    assert "k: int = 401, eigenvectors: bool = True, threads: int = 1" in text.replace(
        "\n    ", " "
    )
    assert "density: str = 'orbital_moment'" in text


def test_a_docstring_becomes_text_lists_and_formulas():
    lines = docstring_text.markdown(
        """chi_AB of :func:`~accumulation.response`, |n>.

        b_n = ``x``

            b_n   =   2 Re <n|x|n>

        Parameters
        ----------
        k : (k,) wave vectors,
            in 1/a

        Raises
        ------
        UserError
            If k is empty.
        """
    )
    assert lines[0] == r"chi\_AB of `accumulation.response`, \|n\>."
    assert r"b\_n = `x`" in lines
    assert "    b_n   =   2 Re <n|x|n>" in lines
    assert "- `k`: (k,) wave vectors, in 1/a" in lines
    assert "- `UserError`: If k is empty." in lines


def test_links_between_pages_lead_somewhere():
    missing = []
    for page in MARKDOWN:
        text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, heading = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            if file.is_relative_to(ROOT / "docs" / "api"):
                continue
            if not file.exists() or (heading and heading not in headings(file)):
                missing.append(f"{page.name}: {target}")
    assert missing == []


def headings(page: Path) -> set[str]:
    """Anchors that a code host and the site give to a page's headings."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_readme_fits():
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 110
    assert [line for line in lines if len(line) > 120] == []


def test_plugin_api_offers_the_package_s_own_objects():
    assert plugin_api.Lattice is accumulation.Lattice
    assert sorted(plugin_api.__all__) == plugin_api.__all__
    for name in plugin_api.__all__:
        assert inspect.getdoc(getattr(plugin_api, name)), name

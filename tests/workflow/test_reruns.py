"""What a change makes run again, counted in jobs."""

import pytest
from workflow_study import config


def test_second_run_does_nothing_and_says_so(finished):
    assert "Nothing to be done" in finished.run()


@pytest.mark.parametrize(
    ("change", "jobs"),
    [
        ({"figures__profile__options__title": "b"}, {"figure": 1}),
        ({"systems__trivial__fermi_energy": [0.0, 0.1]}, {"response": 1, "figure": 1}),
        ({"systems__trivial__temperature": 0.01}, {"response": 1, "figure": 1}),
        ({"systems__graphene__gauge": "cell"}, {"elements": 1, "response": 1, "figure": 1}),
        ({"systems__graphene__k": 31}, {"bands": 1, "elements": 1, "response": 1, "figure": 1}),
        (
            {"systems__flake__model__delta": 0.4},
            {"model": 1, "bands": 1, "elements": 1, "response": 1, "figure": 1},
        ),
        (
            {
                "systems__trivial__model__delta": "1/2",
                "systems__graphene__fermi_energy": [1.5],
                "systems__graphene__model__strain": 0,
                "figures__other": None,
            },
            {},
        ),
        (
            {"systems__more": config()["systems"]["flake"]},
            {"model": 1, "bands": 1, "elements": 1, "response": 1},
        ),
    ],
)
def test_config_edit_reruns_only_what_uses_it(restored, change, jobs):
    restored.write(config(**change))
    assert restored.planned() == jobs


def edit(project, name, old, new):
    path = project.folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


ALL = {"model": 3, "bands": 3, "elements": 3, "response": 3, "figure": 2}


@pytest.mark.parametrize(
    ("file", "old", "new", "jobs"),
    [
        ("profile.py", "Figure()", "Figure(figsize=(3, 3))", {"figure": 2}),
        (
            "src/accumulation/jobs/figure_files.py",
            '"Software": None',
            '"Software": ""',
            {"figure": 2},
        ),
        (
            "src/accumulation/responses/static.py",
            'PROCESSES = ("intraband"',
            'PROCESSES = ("intra"',
            {"response": 3, "figure": 2},
        ),
        (
            "src/accumulation/densities/orbital_moment.py",
            "-0.5 * ",
            "-0.50001 * ",
            {"elements": 3, "response": 3, "figure": 2},
        ),
        ("src/accumulation/version.py", '__version__ = "', '__version__ = "9', ALL),
    ],
)
def test_code_edit_reruns_only_the_stages_that_run_it(restored, file, old, new, jobs):
    edit(restored, file, old, new)
    assert restored.planned() == jobs


def test_edits_that_no_stage_can_notice_rerun_nothing(restored):
    for name in (
        "states/eigenpairs",
        "states/eigenstates",
        "responses/static",
        "jobs/stage_runs",
        "lattice/lattice",
        "figures/__init__",
    ):
        path = restored.folder / "src" / "accumulation" / f"{name}.py"
        text = path.read_text().replace('"""', '"""Edited. ', 1)
        path.write_text(f"# a comment\n{text}\n\ndef called_by_nobody():\n    return 1\n")
    edit(restored, "src/accumulation/errors.py", "got {value}", "found {value}")
    assert restored.planned() == {}


def test_new_format_redraws_figures_only(restored):
    restored.write(config(formats=["png", "pdf"]))
    assert restored.planned() == {"figure": 2}

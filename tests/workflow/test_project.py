"""The command ``accumulation``: projects and their configs, what is listed, what is refused."""

import pytest
import yaml
from workflow_study import ROOT, SERVER, config

from accumulation import cli, locations, plugins
from accumulation.errors import UserError
from accumulation.run import catalogue, housekeeping
from accumulation.run import project as projects
from accumulation.study import config_file, study

FIELDS = {
    "models": "models", "densities": "densities", "theories": "theory", "figures": "figures",
}  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder to be in; where the user's files are looked for is as before afterwards."""
    monkeypatch.setenv("ACCUMULATION_CONFIG_FOLDERS", "[]")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_new_project_is_a_valid_study_of_three_lines(folder):
    projects.new("my study")
    lines = (folder / "my study" / "Snakefile").read_text().splitlines()
    assert len(lines) == 3
    path = folder / "my study" / "config.yaml"
    checked = study.load(config_file.read(path), str(path))
    assert checked.name == "my_study"
    assert "#" in path.read_text()


def test_new_overwrites_nothing(folder):
    (folder / "Snakefile").write_text("mine")
    with pytest.raises(UserError, match="Snakefile"):
        projects.new(".")
    assert [path.name for path in folder.iterdir()] == ["Snakefile"]


def test_project_is_the_nearest_folder_above_with_a_snakefile_of_ours(folder):
    projects.new("one")
    inner = folder / "one" / "config" / "studies"
    inner.mkdir(parents=True)
    assert projects.project_of(inner / "a.yaml") == folder / "one"
    # Somebody else's Snakefile makes no project.
    (inner / "Snakefile").write_text("rule other:\n")
    assert projects.project_of(inner / "a.yaml") == folder / "one"
    # Outside of all projects: where the command is given if that is one, else the config's folder.
    outside = folder / "outside"
    outside.mkdir()
    assert projects.project_of(outside / "a.yaml") == outside


def test_config_outside_of_projects_runs_where_the_command_is_given(folder, monkeypatch):
    projects.new("one")
    monkeypatch.chdir(folder / "one")
    assert projects.project_of(folder / "a.yaml") == folder / "one"


def test_config_is_found_in_the_folder_or_in_the_project_around_it(folder, monkeypatch):
    with pytest.raises(UserError, match="accumulation new"):
        projects.find_config(None)
    projects.new("one")
    inner = folder / "one" / "results" / "deep"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert projects.find_config(None) == folder / "one" / "config.yaml"
    assert projects.find_config("../..") == folder / "one" / "config.yaml"
    with pytest.raises(UserError, match=r"`absent.yaml`: got no such file"):
        projects.find_config("absent.yaml")


def options_of(*given: str) -> list[str]:
    return projects.command("config.yaml", list(given))


def test_options_of_snakemake_override_ours():
    default = str(locations.PROFILES / "default")
    line = options_of()
    assert line[line.index("--cores") + 1] == "all"
    assert line[line.index("--workflow-profile") + 1] == default
    for own in (["--cores", "3"], ["--cores=3"], ["-c3"], ["-j", "3"], ["--jobs=3"]):
        line = options_of(*own)
        assert "all" not in line
        assert default in line
    slurm = str(locations.PROFILES / "slurm")
    assert options_of("--workflow-profile", "slurm")[-1] == slurm
    assert options_of("--workflow-profile=slurm")[-1] == f"--workflow-profile={slurm}"
    assert "all" not in options_of("--workflow-profile", "slurm")
    assert options_of("--workflow-profile", "./slurm")[-1] == "./slurm"
    assert options_of("-n", "--forceall", "x.nc")[-3:] == ["-n", "--forceall", "x.nc"]
    with pytest.raises(UserError, match="accumulation run CONFIG"):
        options_of("--configfile", "other.yaml")


@pytest.mark.parametrize("word", FIELDS)
def test_every_plugin_is_listed_with_its_parameters_and_described(word, capsys):
    assert cli.main([word]) == 0
    told = capsys.readouterr().out
    for name in plugins.available(FIELDS[word]):
        assert f"\n{name}  " in f"\n{told}" or f"\n{name}\n" in f"\n{told}"
        whole = "\n".join(catalogue.described(word, name))
        assert name in whole
        assert "None" not in whole.splitlines()[0]


def test_parameters_are_listed_with_units_and_defaults(folder):
    told = "\n".join(catalogue.listed("models"))
    assert "t0=1.0 [t0], t2=0.0 [t0], phi=0.0 [rad]" in told
    (folder / "mine.py").write_text('def mine(a=1, b="x"):\n    "My model."\n')
    (folder / "faulty_one.py").write_text("def faulty_one(:\n")
    told = "\n".join(catalogue.listed("models"))
    assert "mine  a=1, b='x'\n    My model, your own file" in told
    assert "faulty_one" not in told


def test_own_file_is_found_beside_the_config_before_the_working_folder(folder):
    (folder / "there").mkdir()
    text = "def own(a={}):\n    pass\n"
    (folder / "own.py").write_text(text.format(1))
    assert plugins.path_of("models", "own") == folder / "own.py"
    (folder / "there" / "own.py").write_text(text.format(2))
    with locations.beside(folder / "there" / "config.yaml"):
        assert plugins.path_of("models", "own") == folder / "there" / "own.py"
    assert plugins.path_of("models", "own") == folder / "own.py"


def test_unused_refuses_a_folder_without_a_config_and_leaves_what_is_not_ours(folder, capsys):
    """Such as results/ of another program; nothing may be removed for want of a study."""
    mine = folder / "results" / "mine" / "data.csv"
    mine.parent.mkdir(parents=True)
    mine.write_text("1")
    with pytest.raises(UserError, match="no config"):
        housekeeping.configs()
    assert cli.main(["unused", "--remove"]) == 1
    (folder / "config.yaml").write_text(yaml.safe_dump(config(figures=None)))
    assert cli.main(["unused", "--remove"]) == 0
    assert "Every file in results/ is needed" in capsys.readouterr().out
    assert mine.read_text() == "1"
    # What a study left that is there no more is unused.
    (folder / "results" / "old" / "specs").mkdir(parents=True)
    (folder / "results" / "old" / "model.nc").write_text("1")
    assert cli.main(["unused"]) == 0
    assert "results/old/: 1 file" in capsys.readouterr().out


def test_looks_need_no_number_of_cores(project):
    for look in (["--summary"], ["--list-changes", "params"], ["--unlock"]):
        done = SERVER.run(look, project.folder, project.environment(), timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr


def test_clone_is_a_project_with_its_config_in_a_folder():
    assert projects.project_of(ROOT / "config" / "studies" / "fine.yaml") == ROOT
    assert projects.find_config(str(ROOT)) == ROOT / "config" / "config.yaml"

"""The wheel carries the workflow: the build puts Snakefile and workflow/ into the package.

In a clone, and in an editable installation, they are used where they lie.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PACKAGE = "accumulation"


def workflow_files() -> list[Path]:
    """The files of the workflow, as paths from here."""
    return [Path("Snakefile"), *(path for path in Path("workflow").rglob("*") if path.is_file())]


class BuildWithWorkflow(build_py):
    """Copies the workflow beside the modules."""

    def _copies(self) -> dict[str, str]:
        folder = Path(self.build_lib, PACKAGE)
        return {str(folder / path): str(path) for path in workflow_files()}

    def run(self):
        super().run()
        for target, source in ({} if self.editable_mode else self._copies()).items():
            self.mkpath(str(Path(target).parent))
            self.copy_file(source, target)

    def get_outputs(self, include_bytecode=True):
        copies = [] if self.editable_mode else list(self._copies())
        return super().get_outputs(include_bytecode) + copies

    def get_source_files(self):
        return super().get_source_files() + [str(path) for path in workflow_files()]


setup(cmdclass={"build_py": BuildWithWorkflow})

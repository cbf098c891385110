"""What a build does beside copying the package: a compiled module, and the workflow in the wheel.

The compiled module is optional: without a C compiler the package is installed without it.  It uses
the stable interface of Python 3.11, so that one wheel of a platform serves later versions.  In a
clone, and in an editable installation, the workflow is used where it lies.
"""

from hashlib import sha256
from pathlib import Path

from setuptools import Extension, setup
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


SOURCE = "src/accumulation/states/_compiled.c"
COMPILED = Extension(
    "accumulation.states._compiled",
    [SOURCE],
    define_macros=[("SOURCE", f'"{sha256(Path(SOURCE).read_bytes()).hexdigest()[:12]}"')],
    # Comparisons without traps are what lets compilers use vectors for divisions by gaps.
    extra_compile_args=["-O3", "-fno-trapping-math", "-g0"],
    py_limited_api=True,
    optional=True,
)

setup(
    cmdclass={"build_py": BuildWithWorkflow},
    ext_modules=[COMPILED],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)

"""The SDK's large modules are compiled under another interpreter's lock: same code, same module, no stall of ours."""

from importlib.machinery import SourceFileLoader
from pathlib import Path
import subprocess
import sys
from typing import Any

import pytest

from custom_components.cradlewatch.engine.analysis import sdk_code
from custom_components.cradlewatch.engine.analysis.sdk_code import compiled_apart, large_modules

ROOT = Path(__file__).parents[2]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    name = f"cw_sdk_{abs(hash(request.node.name))}"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text("SMALL = True\n")
    lines = "".join(f"def f{number}(): return {number}\n" for number in range(100))
    (folder / "big.py").write_text(f'"""Doc."""\n{lines}# {"x" * sdk_code.LARGE_BYTES}\nHERE = __file__\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return name


@pytest.fixture
def compiled_here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that this interpreter compiles."""
    seen: list[str] = []
    compile_source: Any = SourceFileLoader.source_to_code

    def noted(self: SourceFileLoader, data: Any, path: str, *more: Any) -> Any:
        seen.append(Path(path).name)
        return compile_source(self, data, path, *more)

    monkeypatch.setattr(SourceFileLoader, "source_to_code", noted)
    return seen


def test_only_large_modules_are_compiled_apart(package: str, compiled_here: list[str]) -> None:
    with compiled_apart(package):
        big: Any = __import__(f"{package}.big", fromlist=["f7"])
    assert compiled_here == ["__init__.py"]
    assert (big.f7(), big.__doc__, Path(big.HERE).name) == (7, "Doc.", "big.py")
    assert big.__spec__.origin == big.__file__
    assert not [finder for finder in sys.meta_path if isinstance(finder, sdk_code._Finder)]
    assert large_modules(package) == {}, "it is imported"


def test_what_cannot_be_compiled_apart_is_imported_all_the_same(
    package: str, compiled_here: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> None:
        raise RuntimeError("no more interpreters")

    monkeypatch.setattr(sdk_code.interpreters, "create", none)
    with compiled_apart(package):
        big: Any = __import__(f"{package}.big", fromlist=["f7"])
    assert big.f7() == 7
    assert "big.py" in compiled_here


def test_python_s_own_cache_is_used_where_it_is_fresh(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(large_modules(package)) == {f"{package}.big"}
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    found = large_modules(package)
    assert set(sdk_code.compile_apart(found)) == set(found)
    assert large_modules(package) == {}, "the next start finds it compiled"
    source = found[f"{package}.big"]
    source.write_text(source.read_text() + "MORE = 1\n")
    assert set(large_modules(package)) == set(found), "another version of the package"


def test_package_that_is_not_there() -> None:
    with compiled_apart("cradlewatch_has_no_such.package"):
        pass


def test_the_real_sdk() -> None:
    """In a process of its own: nothing large is compiled by the interpreter that runs Home Assistant."""
    script = f"""
import os, sys
sys.dont_write_bytecode = True
large = []
def heard(event, args):
    if event == "compile" and args[1] and os.path.isfile(args[1]) and "genai" in str(args[1]):
        large.append(os.path.getsize(args[1]))
sys.addaudithook(heard)
from custom_components.cradlewatch.engine.analysis.sdk import load, types
assert types().Part.from_text(text="x").text == "x"
assert load().Client(api_key="k").models
print(max(large, default=0) < {sdk_code.LARGE_BYTES})
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"

"""Compiles the SDK's large modules under another interpreter's lock, so that its first import holds nobody up.

`compile()` keeps the interpreter's lock from its beginning to its end. For the 880 kB of `google.genai.types` that is
some 100 ms in which Home Assistant's event loop stands still, although the import runs in an executor thread. An
interpreter of its own has a lock of its own; what it hands back, finished code, is read in a few milliseconds.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent import interpreters
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import MAGIC_NUMBER, cache_from_source, find_spec
import logging
import marshal
from pathlib import Path
import sys
from types import CodeType, ModuleType
from typing import override

_LOGGER = logging.getLogger(__name__)
LARGE_BYTES = 150_000
"""Smaller sources are compiled in less than 20 ms."""
_COMPILE = """
import marshal
with open(path, "rb") as file:
    source = file.read()
code.put(marshal.dumps(compile(source, path, "exec", dont_inherit=True)))
if keep:
    import py_compile
    try:
        py_compile.compile(path, doraise=True)
    except (OSError, py_compile.PyCompileError):
        pass  # a folder that cannot be written to: compiled again at the next start
"""


def large_modules(package: str) -> dict[str, Path]:
    """Name and source of the package's modules which take long to compile and are not yet imported or compiled."""
    spec = find_spec(package)
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    sources = {f"{package}.{path.stem}": path for folder in folders for path in folder.glob("*.py")}
    return {
        name: path
        for name, path in sources.items()
        if name not in sys.modules and path.stat().st_size >= LARGE_BYTES and not _is_compiled(path)
    }


def compile_apart(sources: Mapping[str, Path]) -> dict[str, bytes]:
    """Marshalled code of each module. Blocks this thread and no other one."""
    interpreter, code = interpreters.create(), interpreters.create_queue()
    compiled: dict[str, bytes] = {}
    try:
        for name, path in sources.items():
            interpreter.prepare_main(path=str(path), code=code, keep=not sys.dont_write_bytecode)
            interpreter.exec(_COMPILE)
            if isinstance(done := code.get(timeout=0), bytes):
                compiled[name] = done
    finally:
        interpreter.close()
    return compiled


@contextmanager
def compiled_apart(package: str) -> Iterator[None]:
    """Within this block the package's large modules are imported from code that was compiled apart.

    Where that cannot be done they are imported as any other: slower for the rest of the process, and nothing else.
    """
    try:
        compiled = compile_apart(sources) if (sources := large_modules(package)) else {}
    except Exception as error:  # noqa: BLE001 - an economy only: whatever prevents it must not prevent the import
        _LOGGER.debug("%s is compiled in this interpreter: %s", package, error)
        compiled = {}
    finder = _Finder(compiled)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    """Finds modules as usual, but loads those that were compiled apart from their code."""

    def __init__(self, compiled: Mapping[str, bytes]) -> None:
        self._compiled = compiled

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._compiled:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin, self._compiled[fullname])
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, compiled: bytes) -> None:
        super().__init__(name, path)
        self._compiled = compiled

    @override
    def get_code(self, fullname: str) -> CodeType | None:
        code = marshal.loads(self._compiled)  # noqa: S302 - made above, from the very source
        self._compiled = b""
        return code if isinstance(code, CodeType) else super().get_code(fullname)


def _is_compiled(path: Path) -> bool:
    """True where Python finds its own cache of this source, and will not compile it."""
    try:
        with Path(cache_from_source(str(path))).open("rb") as file:
            head = file.read(16)
        stat = path.stat()
    except OSError, NotImplementedError:
        return False
    stamp = (int(stat.st_mtime) & 0xFFFFFFFF).to_bytes(4, "little") + (stat.st_size & 0xFFFFFFFF).to_bytes(4, "little")
    return head[:4] == MAGIC_NUMBER and (head[8:16] == stamp or head[4] & 1 == 1)

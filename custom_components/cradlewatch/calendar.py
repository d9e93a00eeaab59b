"""The calendar platform: sleep_calendar.py under the name that Home Assistant wants.

The engine must import alone with this folder on `sys.path`, and then this file hides Python's own `calendar`, which
aiohttp needs: imported under that name, it hands on the real one.
"""

if __name__ == "calendar":
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec
    import sys
    import sysconfig

    spec = PathFinder.find_spec("calendar", [sysconfig.get_path("stdlib")])
    assert spec is not None
    assert spec.loader is not None
    sys.modules["calendar"] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules["calendar"])
else:
    from .sleep_calendar import PARALLEL_UPDATES, async_setup_entry

    __all__ = ["PARALLEL_UPDATES", "async_setup_entry"]

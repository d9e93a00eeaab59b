"""The engine alone, as a worker outside Home Assistant would import it: no Home Assistant in the figures."""

from pathlib import Path
import sys

ROOT = Path(__file__).resolve().parents[2]
# Last, so that no file of the integration hides a module of Python.
sys.path.append(str(ROOT / "custom_components" / "cradlewatch"))

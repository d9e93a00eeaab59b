"""A real Home Assistant in a folder of its own: for the demo, the browser tests and the benchmarks."""

import logging

# Importing Home Assistant's camera component tells at length that libturbojpeg is missing: no news for a demo.
logging.getLogger("homeassistant.components.camera.img_util").setLevel(logging.CRITICAL)

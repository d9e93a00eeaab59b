"""`scripts/bench`: the product and what it is compared with, side by side in one run."""

from . import product as product

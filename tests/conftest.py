"""Shared by all tests. Our package is imported first: else the test plugin's own custom_components wins."""

import custom_components.cradlewatch  # noqa: F401

"""Cradlewatch: an AI baby monitor of any camera."""

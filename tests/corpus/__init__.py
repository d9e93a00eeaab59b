"""Footage and sound made by the tests themselves, with the truth known. Seeded: the same every time."""

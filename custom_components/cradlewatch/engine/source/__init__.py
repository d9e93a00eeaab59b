"""Where the packets come from: one connection to a camera, opened, probed and read here."""

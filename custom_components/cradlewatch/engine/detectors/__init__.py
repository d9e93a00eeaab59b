"""What is seen: small detectors over one shared look at each frame. No clocks, no I/O, one thread."""

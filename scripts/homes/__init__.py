"""A real Home Assistant in a folder of its own: for the demo, the browser tests and the benchmarks."""

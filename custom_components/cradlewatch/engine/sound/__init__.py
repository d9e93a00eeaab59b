"""What is heard: level, sound above the room's own floor, crying. No clocks, no I/O, one thread."""

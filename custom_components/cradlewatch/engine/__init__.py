"""The engine: a camera becomes signals, incidents and verdicts. Pure: no Home Assistant in here.

In the order in which data flows:
source -> relay, loop -> detectors, sound -> senses -> tracker, safety, sleep -> analysis -> store.
"""

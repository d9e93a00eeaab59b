"""Sound to another rate, layout and sample format, in the thread that asks.

PyAV's own resampler lets FFmpeg start a thread for each core, for a conversion that never uses them, and keeps them
until Python's next collection of circles: of a camera long removed, too.
"""

from av.audio.format import AudioFormat
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.error import BlockingIOError as NothingYet, EOFError as Ended
from av.filter.graph import Graph

type Shape = tuple[str, str, int]
"""Sample format, channel layout, samples a second."""


class Resampler:
    """Takes its input's shape from the first frame. One thread."""

    def __init__(self, *, sample_format: str, layout: str, rate_hz: int) -> None:
        self._wanted: Shape = (AudioFormat(sample_format).name, AudioLayout(layout).name, rate_hz)
        self._given: Shape | None = None
        self._graph: Graph | None = None

    def resample(self, frame: AudioFrame) -> list[AudioFrame]:
        """What `frame` completes; frames without times of their own keep none.

        Raises:
            ValueError: the shape of the input changed.
            FFmpegError: it cannot be converted.
        """
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._given is None:
            self._given = shape
            self._graph = None if shape == self._wanted else self._converter(frame)
        if shape != self._given:
            raise ValueError("the shape of the sound changed")
        return [frame] if self._graph is None else self._through(self._graph, frame)

    def _converter(self, frame: AudioFrame) -> Graph:
        sample_format, layout, rate_hz = self._wanted
        graph = Graph()
        graph.threads = 1
        base = frame.time_base
        source = graph.add(
            "abuffer",
            sample_rate=str(frame.sample_rate),
            sample_fmt=frame.format.name,
            channel_layout=frame.layout.name,
            time_base=f"1/{frame.sample_rate}" if base is None else str(base),
        )
        shape = graph.add("aformat", sample_rates=str(rate_hz), sample_fmts=sample_format, channel_layouts=layout)
        graph.link_nodes(source, shape, graph.add("abuffersink")).configure()
        return graph

    @staticmethod
    def _through(graph: Graph, frame: AudioFrame) -> list[AudioFrame]:
        graph.push(frame)
        made: list[AudioFrame] = []
        while True:
            try:
                part = graph.pull()
            except NothingYet, Ended:
                return made
            if isinstance(part, AudioFrame):
                made.append(part)

"""Idle economy: what may be left undecoded, and what wakes it."""

from custom_components.cradlewatch.engine.economy import Attention, IdleEconomy


class Stream:
    """30 fps with small packets, fed to an IdleEconomy."""

    def __init__(self, gop_s: float, *, enabled: bool = True) -> None:
        self.economy = IdleEconomy(enabled=enabled)
        self.gop = round(gop_s * 30)
        self.index = 0
        self.moved_s = float("-inf")

    def play(
        self, seconds: float, *, size: int = 800, wants: bool = False, calm: bool = False, moved: bool = False
    ) -> list[bool]:
        skipped = []
        for _ in range(round(seconds * 30)):
            is_key = self.index % self.gop == 0
            if moved:
                self.moved_s = self.index / 30
            skipped.append(
                self.economy.on_packet(
                    30_000 if is_key else size,
                    is_key=is_key,
                    at_s=self.index / 30,
                    attention=Attention(
                        wants_every_frame=wants,
                        found_calm=calm,
                        calm_for_s=60.0 if calm else 0.0,
                        moved_s=self.moved_s,
                    ),
                )
            )
            self.index += 1
        return skipped


def test_idle_after_quiet_and_awake_at_once_by_larger_packets() -> None:
    stream = Stream(2)
    assert not any(stream.play(29))
    assert all(stream.play(60)[100:])
    assert stream.play(0.2, size=6000)[1] is False
    assert not any(stream.play(25))


def test_awake_while_the_senses_want_every_frame() -> None:
    stream = Stream(1)
    stream.play(60)
    assert stream.economy.idle
    assert not any(stream.play(60, wants=True)[1:])


def test_one_larger_packet_in_each_gop_is_the_encoder_s_own() -> None:
    stream = Stream(2)
    stream.play(60)
    for _ in range(10):
        stream.play(1.9)
        stream.play(1 / 30, size=6000)
        stream.play(2 / 30)
    assert stream.economy.idle
    assert stream.economy.wakes == 0


def test_long_gop_is_never_skipped() -> None:
    assert not any(Stream(10).play(120))


def test_keyframes_that_stay_away_are_not_waited_for() -> None:
    """A camera whose coder makes keyframes rare in mid-stream: it must not be blind, nor hold ever more packets."""
    stream = Stream(2)
    stream.play(60)
    assert stream.economy.idle
    stream.gop = 10**9
    assert not any(stream.play(60)[round(30 * 2.7) :])
    assert stream.economy.wakes == 1


def test_by_option_never() -> None:
    assert not any(Stream(1, enabled=False).play(120))


def test_slow_growth_is_learned_not_a_wake() -> None:
    stream = Stream(2)
    stream.play(60)
    for size in range(800, 1600, 20):
        stream.play(2, size=size)
    assert stream.economy.wakes == 0


def test_a_false_alarm_ends_when_the_detectors_found_calm_and_not_before_they_could_look() -> None:
    stream = Stream(2)
    stream.play(60)
    stream.play(0.2, size=6000)
    # What moves is confirmed within a second; then keyframes are enough from the next one on.
    assert not any(stream.play(1.9, calm=True))
    assert all(stream.play(20, calm=True)[61:])
    assert stream.economy.wakes == 1


def test_what_caused_a_false_alarm_causes_no_other_for_minutes_and_larger_packets_still_do() -> None:
    stream = Stream(2)
    stream.play(60)
    for _ in range(20):
        stream.play(0.2, size=6000)
        stream.play(9.8, calm=True)
    assert stream.economy.wakes == 1
    assert stream.economy.idle
    stream.play(0.2, size=60_000)
    assert not stream.economy.idle


def test_a_true_alarm_does_not_make_it_deaf() -> None:
    stream = Stream(2)
    stream.play(60)
    for count in range(1, 6):
        stream.play(0.2, size=6000)
        assert stream.economy.wakes == count
        # The detectors confirm it.
        stream.play(10, wants=True, moved=True)
        stream.play(60)
        assert stream.economy.idle


def test_a_limit_that_hid_a_movement_comes_down_again() -> None:
    stream = Stream(2)
    stream.play(60)
    for size in (6000, 9000, 14_000):
        stream.play(0.2, size=size)
        stream.play(30, calm=True)
    wakes = stream.economy.wakes
    stream.play(0.2, size=6000)
    assert stream.economy.wakes == wakes, "hidden by the false alarms before"
    for _ in range(9):
        # A keyframe told instead, and it was true.
        stream.economy.alarm(stream.index / 30)
        stream.play(5, wants=True, moved=True)
        stream.play(60)
    wakes = stream.economy.wakes
    stream.play(0.2, size=6000)
    assert stream.economy.wakes == wakes + 1


def test_idle_begins_at_a_keyframe_so_that_what_is_left_out_can_be_decoded_from_there() -> None:
    for calm in (False, True):
        stream = Stream(2)
        stream.play(9.3)
        skipped = stream.play(30, calm=calm)
        first = skipped.index(True)
        assert (stream.index - len(skipped) + first) % stream.gop == 0


def test_calm_is_no_argument_against_larger_packets_that_go_on() -> None:
    stream = Stream(2)
    stream.play(60)
    skipped: list[bool] = []
    for _ in range(20):
        stream.play(0.2, size=60_000, calm=True)
        skipped += stream.play(1.0, calm=True)
    assert not any(skipped)


def test_calm_does_not_shorten_the_first_minutes_of_a_long_gop_or_what_is_wanted() -> None:
    assert not any(Stream(10).play(120, calm=True))
    assert not any(Stream(2).play(120, wants=True, calm=True))


def test_a_coder_that_is_unsteady_by_nature_wakes_it_ever_less_often() -> None:
    stream = Stream(2)
    stream.play(60)
    wakes = []
    for _ in range(3):
        before = stream.economy.wakes
        for _ in range(20):
            # A quarter of a second of somewhat larger packets, for no reason in the picture.
            stream.play(0.25, size=900)
            stream.play(9.75, calm=True)
        wakes.append(stream.economy.wakes - before)
    assert wakes[0] >= 1
    assert wakes[-1] < wakes[0]
    # What is much larger wakes it as before.
    stream.play(0.2, size=6000)
    assert not stream.economy.idle

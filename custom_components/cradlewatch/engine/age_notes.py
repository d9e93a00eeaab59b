"""What to look for at each age stage: hazards and skills, as lines for a model's context. Common knowledge, no norm."""

AGE_NOTES: tuple[tuple[str, str], ...] = (
    ("face against soft things, lying on the stomach, loose bedding", "lifts the head, follows a face, answers sound"),
    ("rolling over, face covered, cords within reach", "rolls over, reaches for things, laughs, babbles"),
    ("rolling off, small things in the mouth, pulling up at rails", "sits alone, passes things over, answers its name"),
    ("pulling up, falls at the rail, cords, small things", "crawls, stands holding on, pincer grip, waves"),
    ("climbing out, falls, small things, doors", "walks, stacks two blocks, says first words, points"),
    ("climbing on furniture, tipping furniture, windows", "runs, scribbles, two-word phrases, imitates chores"),
    ("climbing, jumping from heights, cords of blinds", "kicks a ball, turns pages, names things, plays beside others"),
    ("climbing, door handles, toys with small parts", "jumps, draws a line, three-word phrases, pretends"),
    ("windows, heights, sharp things, plugs", "stands on one foot, draws a circle, tells a little story, takes turns"),
    ("heights, ropes, tools, kitchen things", "hops, draws a person, counts a few things, plays by rules"),
    ("heights, ropes, tools, matches", "skips, writes letters, reasons why, comforts others"),
)
"""By the index of `stages.STAGES_MONTHS`: (hazards, skills)."""


def age_lines(stage: int | None) -> tuple[str, ...]:
    """Lines for the context; none where the age is not known."""
    if stage is None:
        return ()
    hazards, skills = AGE_NOTES[stage]
    return f"usual hazards: {hazards}", f"skills to look for: {skills}"

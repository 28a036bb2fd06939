"""Plain sentences into features: what the catalogue is written in and what a bundle stores.

mean of pain in 30 d
last of undisturbed cortisol_serum between 6 and 10 h in 1 y
mean of pain in 90 d before the last rfa       max of pain since the first rfa
ratio of (last of pain in 90 d) to (mean of pain in 1 y)
whether (last of csi in 1 y) is at least 40
difference of (…) and (…)      total of (…) and (…)      how many of (…) and (…)      any of (…) and (…)
all of (…) and (…)      average of (…) and (…)      largest of (…) and (…)      first known of (…) and (…)
age
"""

import re

from painresponse.errors import DefinitionError, unknown
from painresponse.language.combinations import COMPARISONS, SEVERAL, Age, Difference, Ratio, Whether
from painresponse.language.spans import EVER, Span
from painresponse.language.words import SUMMARIES, Anchor, Events, Feature, Summary, Window

_SUMMARY = re.compile(
    r"(?P<word>[a-z][a-z ]*?) of (?P<undisturbed>undisturbed )?(?P<concept>[A-Za-z0-9_.]+)"
    r"(?: between (?P<start>\d{1,2}) and (?P<stop>\d{1,2}) h)?"
    r"(?: (?:(?P<ever>ever)|in (?P<count>\d{1,6}) (?P<unit>[a-z]+)))?"
    r"(?: (?P<side>before|after|since) the (?P<which>first|last) (?P<anchor>[A-Za-z0-9_]+))?"
)
_NUMBER = r"-?\d{1,15}(?:\.\d{1,17})?(?:e[+-]?\d{1,3})?"
_WHETHER = re.compile(rf"whether \((.*)\) is ({'|'.join(COMPARISONS)}) ({_NUMBER})")
_OF_SEVERAL = {word: kind for kind, word in SEVERAL.items()}
_COMPOUND = re.compile(rf"(ratio|difference|{'|'.join(_OF_SEVERAL)}) of (\(.*\))")
_MOST_NESTING = 8


def parse(text: str) -> Feature:
    """The feature a sentence says. Raises DefinitionError with the sentence and what could stand there."""
    return _parse(text.strip(), 0)


def _parse(text: str, depth: int) -> Feature:
    if depth > _MOST_NESTING:
        raise DefinitionError(f"A feature may be nested {_MOST_NESTING} deep at most.")
    if text == "age":
        return Age()
    if compound := _COMPOUND.fullmatch(text):
        return _compound(compound[1], _parts(compound[2], text), text, depth)
    if whether := _WHETHER.fullmatch(text):
        return Whether(_parse(whether[1].strip(), depth + 1), whether[2], float(whether[3]))
    if simple := _SUMMARY.fullmatch(text):
        return _summary(simple, text)
    raise DefinitionError(
        f"Cannot read the feature {text!r}. Say for example 'mean of pain in 30 d', 'count of rfa ever' or "
        "'ratio of (last of pain in 90 d) to (mean of pain in 1 y)'."
    )


def _summary(found: re.Match[str], text: str) -> Summary:
    word = found["word"].replace(" ", "_")
    if word not in SUMMARIES:
        raise DefinitionError(f"In {text!r}: {unknown('summary', word, SUMMARIES)}")
    hours = (int(found["start"]), int(found["stop"])) if found["start"] else None
    return Summary(word, _window(Events(found["concept"], hours, bool(found["undisturbed"])), found, text))


def _window(those: Events, found: re.Match[str], text: str) -> Window:
    spanned = found["ever"] or found["count"]
    if bool(spanned) == (found["side"] == "since"):
        raise DefinitionError(
            f"Cannot read the feature {text!r}: say when, 'in 90 d', 'ever', 'in 90 d before the last rfa', "
            "'in 90 d after the last rfa' or 'since the last rfa'."
        )
    span = Span(int(found["count"]), found["unit"]) if found["count"] else EVER
    if not found["side"]:
        return Window(those, span)
    side = "after" if found["side"] == "since" else found["side"]
    return Window(those, span, side, Anchor(found["which"], found["anchor"]))


def _compound(kind: str, parts: list[tuple[str, str]], text: str, depth: int) -> Feature:
    joints = {joint for joint, _ in parts[1:]}
    features = [_parse(part, depth + 1) for _, part in parts]
    pair = len(features) == 2
    if kind == "ratio" and pair and joints == {"to"}:
        return Ratio(*features)
    if kind == "difference" and pair and joints == {"and"}:
        return Difference(*features)
    if kind in _OF_SEVERAL and joints <= {"and"}:
        return _OF_SEVERAL[kind](tuple(features))
    raise DefinitionError(
        f"Cannot read the feature {text!r}. Say 'ratio of (…) to (…)', 'difference of (…) and (…)', or, of "
        f"one or more: {', '.join(repr(f'{word} of (…) and (…)') for word in _OF_SEVERAL)}."
    )


def _parts(text: str, whole: str) -> list[tuple[str, str]]:
    """``(a) and (b)`` as ``[("", "a"), ("and", "b")]``."""
    parts, joint, start, depth = [], 0, 0, 0
    for place, letter in enumerate(text):
        if letter == "(":
            depth += 1
            if depth == 1:
                joint_text, start = text[joint:place].strip(), place + 1
        elif letter == ")":
            depth -= 1
            if depth == 0:
                parts.append((joint_text, text[start:place]))
                joint = place + 1
        if depth < 0:
            break
    if depth:
        raise DefinitionError(f"The brackets in {whole!r} do not match.")
    return parts

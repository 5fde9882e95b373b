"""The library's findings in the language of the answer: their sentences come with their numbers, and are recognized by their patterns."""

import re
from functools import lru_cache
from typing import Any

from shoal.inspection import Finding
from shoal.web.languages import ENGLISH, PLACE, decimal, language, tr

# As `shoal.inspection` writes them, with names for what changes; who is concerned comes first.
CONCERNED = ("Unit {n} is", "Units {first} and {n} are", "{n} units ({first} …) are")
SENTENCES = (
    "{units} flat (slope below {slope}) on at least {share} % of the rows: {activation} is near its limit there.",
    "Start smaller (init_scale), scale the inputs (standardize=True), add L2, or use relu.",
    "{units} silent on all {m} rows: the slope of {activation} is 0 there, so no step changes them again.",
    "Use leaky_relu or tanh, a lower learning rate, or another seed.",
    "{units} the same to the last digit: they get the same gradients at every step and do the work of one.",
    "{units} the same to rounding: they get the same gradients at every step and do the work of one.",
    "Start from random weights: init='normal' or 'auto' instead of 'zeros'.",
    "The cost rose from {first} to {last} in {n} epochs at a learning rate of {rate}.",
    "The cost became infinite or NaN in {n} epochs at a learning rate of {rate}.",
    "Try learning_rate_init={rate}.",
    "The cost of the held-out rows was lowest, {least}, after update {t} and is {now} now, while that of the training rows went from "
    "{before} to {after}: the network is overfitting these rows.",
    "Go back to update {t} (fit stops there with early_stopping=True), add L2, or use fewer hidden units or more rows.",
    "{wide} spreads over {much}, {narrow} over {little}: one step size cannot suit both.",
    "{column} has a mean of {mean} and a spread of {spread}: its weight acts as a second bias.",
    "Set standardize=True: every column then has mean 0 and spread 1 inside the network.",
)
NUMBER = re.compile(r"-?\d+\.\d+(e[+-]?\d+)?")


@lru_cache(maxsize=32)
def pattern(sentence: str) -> re.Pattern[str]:
    """The sentence with anything in its places."""
    parts = PLACE.split(sentence)
    return re.compile("".join(f"(?P<{p}>.+?)" if i % 2 else re.escape(p) for i, p in enumerate(parts)), re.DOTALL)


def in_words(text: str, sentences: tuple[str, ...] = SENTENCES) -> str:
    """A sentence of the library in the language of the answer; one that is not listed stays as it is."""
    if language() == ENGLISH:
        return text
    for sentence in sentences:
        found = pattern(sentence).fullmatch(text)
        if found:
            return tr(sentence, **{name: value_in_words(name, value) for name, value in found.groupdict().items()})
    return text


def value_in_words(name: str, value: str) -> str:
    """What stands in a place: the units concerned, or a number; a setting of Python stays as it is written."""
    if name == "units":
        return in_words(value, CONCERNED)
    return decimal(value) if NUMBER.fullmatch(value) else value


def described(finding: Finding) -> dict[str, Any]:
    """A finding in the page's format."""
    return {"kind": finding.kind, "evidence": in_words(finding.evidence), "advice": in_words(finding.advice), "units": finding.units}

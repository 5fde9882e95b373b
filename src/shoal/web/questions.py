"""Every question that the page may ask, by name."""

from shoal.web.exhibits import cards, comparing, hand, learning, network, speed, starting, units
from shoal.web.question import Question

MODULES = (hand, cards, units, network, learning, comparing, starting, speed)
ALL: dict[str, Question] = {question.name: question for module in MODULES for question in module.QUESTIONS}

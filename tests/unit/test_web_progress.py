"""How far an answer is: counted while it is computed, and no thread waits for steps that it does not need."""

import threading

import numpy as np
import pytest

from shoal.textbook import ACTIVATIONS, exercise_parameters, flower
from shoal.web.chapter import RATE, TURN, Path
from shoal.web.progress import counted, counting, key_of, progress

KEY = key_of("hand", {"step": "900", "edits": ""})


def test_the_key_of_a_question_does_not_depend_on_the_order_of_its_texts():
    assert key_of("hand", {"edits": "", "step": "900"}) == KEY


def test_progress_is_that_of_the_part_that_runs_now_and_ends_with_the_answer():
    assert progress(KEY) == {}
    with counted(KEY):
        assert progress(KEY) == {}
        counting(lambda: (3, 10))
        assert progress(KEY) == {"done": 3, "of": 10, "part": 1}
        counting(lambda: (12, 7))
        assert progress(KEY) == {"done": 7, "of": 7, "part": 2}, "another thread may have gone further"
        with counted(key_of("other", {})):
            counting(lambda: (0, 1))
        assert progress(KEY)["of"] == 7
    assert progress(KEY) == {}


def test_outside_of_an_answer_nothing_is_counted():
    counting(lambda: (0, 1))
    assert progress(KEY) == {}


@pytest.mark.parametrize("held_at", [1, TURN, TURN + 1, 3 * TURN - 1])
def test_a_thread_gets_the_steps_that_are_there_while_another_computes_more(held_at):
    X, Y = flower()
    path, whole = (Path(exercise_parameters(4), X, Y, ACTIVATIONS["tanh"], RATE) for _ in range(2))
    steps, held, go_on = path._steps, threading.Event(), threading.Event()

    def slow():
        for i, step in enumerate(steps):
            if i == held_at:
                held.set()
                go_on.wait()
            yield step

    def long():
        with counted(KEY):
            path.reach(900)

    path._steps = slow()
    thread = threading.Thread(target=long)
    thread.start()
    held.wait()
    try:
        assert progress(KEY) == {"done": held_at - 1, "of": 900, "part": 1}
        for step in {0, held_at - 1}:
            np.testing.assert_array_equal(path.at(step).W1, whole.at(step).W1)
    finally:
        go_on.set()
        thread.join()
    np.testing.assert_array_equal(path.at(900).W1, whole.at(900).W1)
    assert path.costs(900) == whole.costs(900)

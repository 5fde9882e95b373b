"""Exhibit 5: W times three columns, one by one and as a block."""

import numpy as np

from shoal.textbook import columns_apart, layer, repeated
from shoal.web.chapter import EXAMPLE, EXAMPLES, Edit, look
from shoal.web.exhibits.hand import EDITS, STEP, ExampleReader
from shoal.web.exhibits.predict import choice
from shoal.web.languages import tr
from shoal.web.question import Answer, Question

TITLE = "Why that is allowed"
SLIDE = "Justification for vectorized implementation"


def three_columns(step: int, edits: tuple[Edit, ...], i: int, j: int, k: int) -> Answer:
    """W1 times three columns one by one and as a block, with b1 added to each."""
    seen = look(step, edits)
    W1, b1, _, _ = seen.parameters
    block = seen.X[:, [i - 1, j - 1, k - 1]]
    apart, together = columns_apart(W1, block), W1 @ block
    return {
        "columns": [i, j, k],
        "W1": W1,
        "b1": b1,
        "block": block,
        "apart": apart,
        "together": together,
        "repeated": repeated(b1, 3),
        "Z1": layer(W1, b1, block),
        "same_bits": int(np.sum(apart == together)),
        "difference": float(np.max(np.abs(apart - together))),
    }


def predict() -> Answer:
    """What changes in a product when one column does."""
    return choice(
        tr("Three columns are multiplied as a block: W1 [x(1) x(2) x(3)]. Now only x(2) changes. What changes in the product?"),
        (tr("all of it"), tr("only its second column"), tr("its second row"), tr("its second and third columns")),
        1,
        tr("Column 2 of the product is W1 x(2)."),
        tr("Each column of the product is W1 times the same column of the block, and no other column enters it."),
    )


COLUMN = ExampleReader(1, EXAMPLES[:1])
QUESTIONS = (
    Question("predict_5", predict),
    Question(
        "three_columns",
        three_columns,
        {"step": STEP, "edits": EDITS, "i": COLUMN, "j": ExampleReader(200, (200,)), "k": ExampleReader(EXAMPLE, EXAMPLES)},
    ),
)

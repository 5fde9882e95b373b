"""The textbook made fast, behind three doors: `advance` (minibatch steps), `sums` (loss and gradient), `outputs` (logits).

Rows come as tables have them, `X (m, n_x)`, `Y (m, n_y)`; inside, examples are columns as in the chapter.
"""

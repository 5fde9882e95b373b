"""The compiled engine. Entry points: `minibatch` (training steps), `sums` (loss and gradient), `predict` (logits), `evaluate` (validation).

Rows come as tables have them, `X (m, n_x)`, `Y (m, n_y)`; inside, examples are columns as in the chapter.
"""

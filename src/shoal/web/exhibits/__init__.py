"""Python half of each exhibit: slide_NN.py computes for slide-NN.js. All exhibits use `hand` and `cards`; `questions` collects them."""

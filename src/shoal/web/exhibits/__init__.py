"""What each exhibit asks for: slide_NN.py answers slide-NN.js. `hand` and `cards` serve them all; `questions` gathers them."""

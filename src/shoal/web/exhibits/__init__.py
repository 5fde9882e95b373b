"""What each exhibit asks for, a module for each group of slides; `questions.ALL` gathers them."""

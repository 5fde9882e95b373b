"""A callback of scikit-learn's that keeps what it hears."""


class Listener:
    """Keeps what it hears; propagated, as ProgressBar is."""

    max_propagation_depth = None

    def __init__(self, stop_after=None):
        self.heard, self.stop_after, self.alive, self.answers = [], stop_after, 0, []

    def setup(self, estimator, context):
        self.alive += 1

    def teardown(self, estimator, context):
        self.alive -= 1

    def on_fit_task_begin(self, estimator, context):
        self.heard.append(("begin", context.task_name, type(estimator).__name__))

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None, X=None):
        self.heard.append(("end", context.task_name, type(estimator).__name__))
        if context.task_name == "epoch":
            self.answers.append(fitted_estimator.predict(X))
            return len(self.answers) == self.stop_after
        return None

    def count(self, name, what="end"):
        return sum(heard[:2] == (what, name) for heard in self.heard)

"""A page of the chapter whose console and requests are watched."""

from shoal.web.questions import NUMBERS

# After three frames the page has seen what was done to it: an input waits for the next frame, a place on the screen for the one after.
FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))))"


class Watched:
    """A page whose console and requests are watched: `open` it, `read` its numbers, `close` says if anything went wrong."""

    def __init__(self, browser, address, **settings):
        self.address = address
        self.context = browser.new_context(reduced_motion="reduce", **settings)
        self.page = self.context.new_page()
        self.heard = []
        self.left = []
        self.page.on("console", lambda m: self.heard.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda e: self.heard.append(str(e)))
        self.page.on("request", lambda r: None if r.url.startswith((address, "data:", "blob:")) else self.left.append(r.url))

    def open(self, slide, **state):
        pairs = "".join(f"&{k}={v}" for k, v in state.items())
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}#slide-{slide}{pairs}")
        self.page.wait_for_selector("html[data-ready=yes]")
        self.go(slide)
        return self

    def build_all(self):
        """Build every exhibit and the playground, by going through the page."""
        for slide in NUMBERS:
            self.go(slide)
        self.page.eval_on_selector("#playground", "e => e.scrollIntoView({behavior: 'instant'})")
        self.page.wait_for_selector("#playground[data-busy=no] .now dd", timeout=60_000)

    def go(self, slide):
        """Scroll to an exhibit."""
        self.page.eval_on_selector(f"#slide-{slide}", "e => e.scrollIntoView({behavior: 'instant'})")
        self.settle(slide)

    def settle(self, slide):
        """Wait until the exhibit has drawn what it was asked for."""
        self.page.evaluate(FRAMES)
        self.page.wait_for_selector(f"#slide-{slide}[data-busy=no]")
        self.page.wait_for_function("slide => document.querySelector(`#slide-${slide} > .failed`).hidden", arg=slide)

    def middle(self, selector):
        """The point of the screen in the middle of an element."""
        box = self.page.locator(selector).bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(self, selector, across, down):
        """Press the mouse on the middle of an element, move it so far, and let go once that is drawn."""
        x, y = self.middle(selector)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + across, y + down, steps=4)
        self.page.evaluate(FRAMES)
        self.page.mouse.up()

    def number(self, slide, name):
        """The full value behind the number that is drawn under this name."""
        return float(self.page.locator(f'#slide-{slide} [data-name="{name}"]').first.get_attribute("data-value"))

    def cell(self, slide, matrix, r, c):
        """The value of one cell of a matrix."""
        return float(self.page.locator(f'#slide-{slide} [data-cell="{matrix}-{r}-{c}"]').first.get_attribute("data-value"))

    def close(self):
        self.context.close()
        assert self.heard == []
        assert self.left == []

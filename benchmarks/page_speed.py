"""How fast the live chapter is in a real browser: first paint, frames a second, a step of a lecture, an idle server's cost.

    python benchmarks/page_speed.py [--pictures FOLDER]

With --pictures every exhibit is also photographed at 1440 and 390 px, light and dark, into FOLDER.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
IDLE_SECONDS, PLAY_SECONDS = 5, 4
SERVE = "from shoal.web import serve; serve(None, False)"
FRAMES = """seconds => new Promise(done => {
  const times = []; const turn = t => { times.push(t); (t - times[0] < 1000 * seconds) ? requestAnimationFrame(turn) : done(times); };
  requestAnimationFrame(turn); })"""

DRAWN = """seconds => new Promise(done => {
  const times = []; const section = document.querySelector('#playground');
  const seen = new MutationObserver(() => times.push(performance.now()));
  seen.observe(section, { attributes: true, attributeFilter: ['data-t'] });
  setTimeout(() => { seen.disconnect(); done(times); }, 1000 * seconds); })"""


LECTURE_STEP = """() => new Promise(done => {
  const begin = performance.now();
  document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'PageDown', bubbles: true }));
  const drawn = () => document.querySelector('[data-lectured][data-busy=no]')
    ? requestAnimationFrame(() => setTimeout(() => done(performance.now() - begin))) : setTimeout(drawn);
  Promise.resolve().then(() => Promise.resolve()).then(drawn); })"""


def first_paint(browser: Browser, address: str) -> tuple[float, float]:
    """Milliseconds from navigation to the first contentful paint, and to a page that answers; the middle of five."""
    paints, readies = [], []
    for _ in range(5):
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)
        page.wait_for_selector("html[data-ready=yes]")
        readies.append(page.evaluate("performance.now()"))
        paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"))
        page.close()
    return statistics.median(paints), statistics.median(readies)


def frames(browser: Browser, address: str) -> tuple[float, float, int]:
    """Frames a second (mean, and of the slowest twentieth) while exhibit 9 plays the network in hand; steps taken."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(address + "#slide-9&step=0")
    page.wait_for_selector("#slide-9[data-busy=no]")
    page.click('[aria-label="let it run"]')
    times = page.evaluate(FRAMES, PLAY_SECONDS)
    gaps = sorted(b - a for a, b in pairwise(times))
    steps = int(page.evaluate("document.documentElement.dataset.step"))
    page.close()
    slow = gaps[int(0.95 * len(gaps)) :]
    return 1000 / statistics.mean(gaps), 1000 / statistics.mean(slow), steps


def playground_frames(browser: Browser, address: str) -> tuple[float, float, int]:
    """Pictures a second drawn of a 16-unit network (mean, and of the slowest twentieth) while it trains at full speed; its updates."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(address + "#playground&p.units=16&p.solver=adam&p.rate=0.01")
    page.eval_on_selector("#playground", "e => e.scrollIntoView({behavior: 'instant'})")
    page.wait_for_selector("#playground[data-busy=no] .now dd", timeout=120_000)
    page.click("#p-play")
    page.wait_for_function("() => Number(document.querySelector('#playground').dataset.t) > 100")
    before = int(page.get_attribute("#playground", "data-t") or 0)
    times = page.evaluate(DRAWN, PLAY_SECONDS)
    updates = int(page.get_attribute("#playground", "data-t") or 0) - before
    gaps = sorted(b - a for a, b in pairwise(times))
    page.close()
    return 1000 / statistics.mean(gaps), 1000 / statistics.mean(gaps[int(0.95 * len(gaps)) :]), updates


def lecture_steps(browser: Browser, address: str) -> dict[str, float]:
    """Milliseconds from the clicker's key until a step is on the screen, by the address of the step; a lecturer stays a second on each."""
    page = browser.new_page(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    page.goto(address + "#slide-1&lecture=1")
    page.wait_for_selector("#slide-1[data-lectured][data-busy=no]")
    took = {}
    while page.is_enabled("#lecture-next"):
        page.wait_for_timeout(1000)
        page.wait_for_function("() => !document.querySelector('[data-busy=yes]')")  # the exhibit after this one is drawn too
        milliseconds = page.evaluate(LECTURE_STEP)
        took[page.evaluate("location.hash.split('&').slice(0, 2).join('&')")] = milliseconds
    page.close()
    return took


def processor_seconds(pid: int) -> float:
    """User and system time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def photograph(page: Page, slide: int, file: Path) -> None:
    """One exhibit, whole."""
    page.eval_on_selector(f"#slide-{slide}", "e => e.scrollIntoView({behavior: 'instant'})")
    page.wait_for_timeout(80)
    page.wait_for_selector(f"#slide-{slide}[data-busy=no]")
    page.locator(f"#slide-{slide}").screenshot(path=str(file))


def pictures(browser: Browser, address: str, folder: Path) -> None:
    """Every exhibit at both widths and in both themes."""
    folder.mkdir(parents=True, exist_ok=True)
    for width in (1440, 390):
        for theme in ("light", "dark"):
            size = {"width": width, "height": 900}
            page = browser.new_page(viewport=size, color_scheme=theme, reduced_motion="reduce", bypass_csp=True)  # type: ignore[arg-type]
            page.goto(address)
            page.wait_for_selector("html[data-ready=yes]")
            page.add_style_tag(content=".strip, .rail { position: static !important; }")  # they would cover what is photographed
            for slide in range(1, 14):
                photograph(page, slide, folder / f"slide-{slide:02d}-{width}-{theme}.png")
            page.goto("about:blank")
            page.goto(address + "#playground&p.t=600&p.networks=6")
            page.eval_on_selector("#playground", "e => e.scrollIntoView({behavior: 'instant'})")
            page.wait_for_selector('#playground[data-t="600"][data-playing=no]')
            page.locator("#playground").screenshot(path=str(folder / f"playground-{width}-{theme}.png"))
            page.close()


def main() -> None:
    """Run the server in a process of its own, measure, print one table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pictures", type=Path)
    wanted = options.parse_args()
    server = subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = next(word for word in server.stdout.readline().split() if word.startswith("http"))
        time.sleep(3)  # the server records the 10,000 steps in hand
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            paint, ready = first_paint(browser, address)
            mean, slow, steps = frames(browser, address)
            drawn, slowest, updates = playground_frames(browser, address)
            steps_of_lecture = lecture_steps(browser, address)
            if wanted.pictures:
                pictures(browser, address, wanted.pictures)
            page = browser.new_page()
            page.goto(address)
            page.wait_for_selector("html[data-ready=yes]")
            page.wait_for_timeout(1500)
            before = processor_seconds(server.pid)
            time.sleep(IDLE_SECONDS)
            idle = (processor_seconds(server.pid) - before) / IDLE_SECONDS
            browser.close()
    finally:
        server.terminate()
        server.wait()
    print(f"first paint                {paint:8.0f} ms   (wanted: below 1000)")
    print(f"page answers               {ready:8.0f} ms")
    print(f"frames while it trains     {mean:8.1f} /s   slowest twentieth {slow:.1f} /s, {steps} steps in {PLAY_SECONDS} s   (wanted: 30)")
    longest = max(steps_of_lecture, key=lambda at: steps_of_lecture[at])
    middle = statistics.median(steps_of_lecture.values())
    print(f"a step of a lecture        {middle:8.1f} ms   slowest {steps_of_lecture[longest]:.1f} ms, {longest}   (wanted: below 100)")
    print(f"16 units at full speed     {drawn:8.1f} /s   slowest twentieth {slowest:.1f} /s, {updates} updates   (wanted: 30)")

    print(f"idle server, page open     {100 * idle:8.2f} % of one core   (wanted: 0)")


if __name__ == "__main__":
    main()

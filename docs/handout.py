"""The live chapter as a handout: one PDF with every exhibit on a page of its own, printed by Chromium.

    python docs/handout.py [handout.pdf] [--state "step=2000&ex=12"]

`--state` is what a link of the page has after the name of its section; without it the page is printed as it opens.
"""

import argparse
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

from shoal.files import refuse_unwritable, replacing
from shoal.web.server import server

CHROMIUM = Path("/usr/bin/chromium")  # the system's if there is one, else Playwright's own
MINUTES = 5  # a first run compiles the engine


def printed(state: str) -> bytes:
    """The PDF of a chapter that is served for this print alone."""
    ready, listening = server(0)
    serving = threading.Thread(target=ready.run, kwargs={"sockets": [listening]})
    serving.start()
    try:
        with sync_playwright() as playwright:
            own = str(CHROMIUM) if CHROMIUM.exists() else None
            browser = playwright.chromium.launch(executable_path=own, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
            page.goto(f"http://127.0.0.1:{listening.getsockname()[1]}/?handout#slide-1{state and '&'}{state}")
            page.wait_for_selector("html[data-whole=yes]", timeout=MINUTES * 60_000)
            wrong = page.locator(".ex > .failed:visible").all_inner_texts()
            if wrong:
                raise SystemExit("the chapter could not draw all exhibits: " + "; ".join(wrong))
            pdf = page.pdf(prefer_css_page_size=True, print_background=True)
            browser.close()
    finally:
        ready.should_exit = True
        serving.join()
        listening.close()
    return pdf


def main() -> None:
    """Write the file that the command names."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("file", type=Path, nargs="?", default=Path("handout.pdf"))
    options.add_argument("--state", default="")
    wanted = options.parse_args()
    refuse_unwritable(wanted.file)
    pdf = printed(wanted.state)
    with replacing(wanted.file) as out:
        out.write(pdf)
    print(f"wrote {wanted.file}")


if __name__ == "__main__":
    main()

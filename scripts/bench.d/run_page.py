"""Opens the page of a run in Chromium and prints, a JSON object for each visit, when what was there.

    run_page.py ADDRESS RUN PATTERN

Started with an interpreter that has Playwright.
"""

import json
import os
import shutil
import sys

from playwright.sync_api import sync_playwright

# Seconds since the visit began, as the page itself measures them.
WATCH = """
    window.seen = {};
    const note = (name, selector) => {
        if (window.seen[name] === undefined && document.querySelector(selector)) window.seen[name] = performance.now() / 1000;
    };
    new MutationObserver(() => {
        note("name", "main h1");
        note("curve", "figure.card[data-lines]:not([data-lines='0'])");
    }).observe(document, { childList: true, subtree: true, attributes: true });
"""
SEARCH = """(pattern) => new Promise((resolve) => {
    const field = document.querySelector(".metric-filter"), count = field.parentElement.lastElementChild;
    const before = performance.now();
    new MutationObserver((_, observer) => {
        observer.disconnect();
        const text = count.textContent;
        // What was changed is on the screen after the next frame.
        const after = () => resolve({ search: performance.now() - before, shown: text, waited: 60 });
        requestAnimationFrame(() => setTimeout(after, 0));
    }).observe(count, { childList: true, characterData: true, subtree: true });
    field.focus();
    field.value = pattern;
    field.dispatchEvent(new Event("input", { bubbles: true }));
})"""
PAINT = "() => performance.getEntriesByType('paint').find((one) => one.name === 'first-contentful-paint').startTime / 1000"


def visit(browser, address, run, tab, pattern):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.add_init_script(WATCH)
    page.goto(f"{address}/r/{run}/{tab}")
    page.wait_for_function("() => window.seen.name && window.seen.curve")
    found = {"tab": tab, "paint": page.evaluate(PAINT), **page.evaluate("() => window.seen")}
    if tab == "charts":
        # Names of metrics that did not come with the run are read after it.
        page.wait_for_function("() => /^[0-9,.]{6,} metrics$/.test(document.querySelector('.metric-filter').parentElement.lastElementChild.textContent)")
        page.wait_for_timeout(1_000)
        found |= page.evaluate(SEARCH, pattern)
    context.close()
    print(json.dumps(found), flush=True)


def main():
    address, run, pattern = sys.argv[1:]
    with sync_playwright() as playwright:
        program = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for tab in ("overview", "charts") * 3:
            visit(browser, address, run, tab, pattern)
        browser.close()


if __name__ == "__main__":
    main()

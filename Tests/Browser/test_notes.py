"""Notes and purposes: Markdown in, elements out, never HTML."""

import re
import time

import pytest
from playwright.sync_api import expect

RENDERED = [
    ("a *b* **c** `d_e_f` ~~g~~", "<p>a <em>b</em> <strong>c</strong> <code>d_e_f</code> <del>g</del></p>"),
    ("snake_case_name and 2 * 3 * 4", "<p>snake_case_name and 2 * 3 * 4</p>"),
    ("***both*** \\*not\\*", "<p><em><strong>both</strong></em> *not*</p>"),
    ("# One\n\n## Two ##", "<h3>One</h3><h4>Two</h4>"),
    ("first\nline  \nsecond", "<p>first\nline<br>second</p>"),
    ("- a\n- b\n  - c\n", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"),
    ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
    ("- a\n\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
    ("> q\n> r", "<blockquote><p>q\nr</p></blockquote>"),
    ("```py\nx = '<b>'\n```\nafter", "<pre><code>x = '&lt;b&gt;'</code></pre><p>after</p>"),
    ("---", "<hr>"),
    ("<img src=x onerror=alert(1)> <b>x</b>", "<p>&lt;img src=x onerror=alert(1)&gt; &lt;b&gt;x&lt;/b&gt;</p>"),
    ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
    ("[x](JaVa\tScRipt:alert(1)) [y](data:text/html,z)", "<p>[x](JaVa    ScRipt:alert(1)) [y](data:text/html,z)</p>"),
    ("[x](https://example.org/a_b_c \"t\")",
     '<p><a href="https://example.org/a_b_c" title="t" target="_blank" rel="noopener noreferrer">x</a></p>'),
    ("see https://example.org/a.", '<p>see <a href="https://example.org/a" target="_blank" rel="noopener noreferrer">'
     "https://example.org/a</a>.</p>"),
    ("![plot](https://example.org/p.png)",
     '<p><a href="https://example.org/p.png" target="_blank" rel="noopener noreferrer">plot</a></p>'),
    ("* unclosed **a and `b", "<ul><li>unclosed **a and `b</li></ul>"),
]


@pytest.fixture(scope="module")
def parser(browser, server):
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    page.goto("/e")
    yield lambda text: page.evaluate("text => import('/js/md.js').then(({ markdown }) => markdown(text).innerHTML)", text)
    context.close()


@pytest.mark.parametrize("text, expected", RENDERED, ids=[text[:24] for text, _ in RENDERED])
def test_markdown_becomes_elements(parser, text, expected):
    assert parser(text) == expected


def test_a_table_has_its_cells(parser):
    made = parser("| a | b |\n|---|--:|\n| 1 | 2 \\| 3 |")
    assert "<th>a</th>" in made and ">2 | 3</td>" in made


@pytest.mark.parametrize("text", ["*a " * 20_000, "[" * 20_000, "`" * 20_001 + " `", "[a](" * 20_000, "> " * 5_000,
                                  "*" * 20_000, "# " + " " * 50_000 + "x", "- " * 5_000])
def test_a_hostile_text_is_read_at_once(parser, text):
    started = time.monotonic()
    parser(text)
    assert time.monotonic() - started < 2


def test_notes_are_written_and_read(page, server):
    run = server.run(server.experiment("notes"), "noted", {"m": [1.0, 2.0]})
    page.goto(f"/r/{run}/notes")
    page.get_by_role("button", name="Write notes").click()
    page.get_by_role("textbox", name="Notes").fill("# Finding\n\n- lr **matters**\n- <script>alert(1)</script>")
    page.locator(".notes-shown strong:text('matters')").wait_for()
    page.keyboard.press("Control+Enter")
    page.locator("main > .tab-body > .md h3:text('Finding')").wait_for()
    assert "<script>" in page.locator(".md li").nth(1).inner_text()
    page.goto(f"/r/{run}")
    page.locator(".run-notes strong:text('matters')").wait_for()
    page.goto(f"/r/{run}/notes")
    page.locator(".md").wait_for()
    page.keyboard.press("e")
    expect(page.get_by_role("textbox", name="Notes")).to_have_value(re.compile("^# Finding"))


def test_a_long_purpose_is_read_as_markdown_and_edited_as_text(page, server):
    experiment = server.experiment("long purpose", purpose="## Question\n\nDoes **mixup** help?")
    page.goto(f"/e/{experiment}")
    page.locator(".heading .md strong:text('mixup')").wait_for()
    page.get_by_role("button", name="Edit the purpose").click()
    page.get_by_label("the purpose", exact=True).fill("## Question\n\nDoes **cutmix** help?")
    page.keyboard.press("Control+Enter")
    page.locator(".heading .md strong:text('cutmix')").wait_for()

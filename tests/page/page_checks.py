"""What holds of every page of `drone heap report`: it is looked through in headless Chromium."""

import pathlib
import tempfile
import unittest

from browser import Browser


class PageChecks(unittest.TestCase):
    """`self.made` is the page that is open (pages.Made)."""

    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.__exit__)

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="drone-page-")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def check_quiet(self, page):
        self.assertEqual(page.messages, [])
        self.assertEqual(page.requests, [])

    def check_figures(self, page):
        """What the page says first is what the tool says."""
        peak, end = self.made.json["peak_live"]["bytes"], self.made.json["runs"][0]["live_at_end"]["bytes"]
        figures = page.evaluate("[...document.querySelectorAll('#figures b')].map(b => b.textContent)")
        self.assertEqual(figures[:3], [f"{n:,}" for n in (peak, end, self.made.json["runs"][0]["failures"])])

    def walk(self, page):
        """Every control once."""
        whole = page.text("#window")
        page.hover(".u-over", 0.4)
        self.assertRegex(page.text("#at"), r"^Event [\d,]+.*bytes live")
        page.drag(".u-over", 0.3, 0.6)
        self.assertRegex(page.text("#window"), r"^Events [\d,]+ to [\d,]+$")
        page.evaluate("document.querySelector('#live').focus()")
        page.key("Escape")
        self.assertEqual(page.text("#window"), whole)
        page.key("p")
        self.assertIn(f"Event {self.made.data['peak']['event']:,}", page.text("#at"))
        page.key("+")
        self.assertRegex(page.text("#window"), r"^Events")
        page.key("ArrowRight")
        page.key("ArrowLeft", shift=True)
        page.key("Enter")
        self.assertRegex(page.text("#h-who"), "after event")
        page.key("Escape")
        page.click(".u-over", 0.5)
        self.assertRegex(page.text("#h-who"), "after event")
        for button in page.evaluate("[...document.querySelectorAll('#tools-who button')].map(b => b.textContent)"):
            page.evaluate("[...document.querySelectorAll('#tools-who button')]"
                          f".find(b => b.textContent === {button!r}).click()")
            self.assertGreater(page.evaluate("document.querySelectorAll('.node').length"), 0, button)
        page.click("#tools-who button")
        self.assertRegex(page.text("#h-who"), "at the peak")
        self.walk_icicle(page)
        if not page.evaluate("document.querySelector('#axis').hidden"):
            page.click("#axis")
            self.assertRegex(page.evaluate("document.querySelector('#live').getAttribute('aria-label')"), "over time")
            page.hover(".u-over", 0.7)
            page.drag(".u-over", 0.3, 0.6)
            page.click("#all")
            page.click("#axis")
        root = "document.documentElement"
        self.assertLessEqual(page.evaluate(f"{root}.scrollWidth - {root}.clientWidth"), 0, "scrolls sideways")

    def walk_icicle(self, page):
        page.click(".node:nth-last-child(1 of .node)")
        self.assertRegex(page.text("#frame"), r"^[\d,]+ bytes")
        focused = "document.activeElement.getAttribute('aria-level')"
        page.key("ArrowUp")
        level = page.evaluate(focused)
        page.key("ArrowDown")
        self.assertNotEqual(page.evaluate(focused), level)
        page.key("Enter")
        page.key("Escape")
        self.assertEqual(page.evaluate(focused), "1")

    def check_all(self, page):
        self.check_figures(page)
        self.walk(page)
        self.check_quiet(page)

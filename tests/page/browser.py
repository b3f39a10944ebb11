"""Headless Chromium, driven by its DevTools protocol over a pipe: nothing but Python's library and Debian's chromium.

    with Browser() as browser:
        page = browser.open("report.html", width=1240, height=900)
        page.evaluate("document.title")
        page.click("#axis"); page.key("Escape"); page.screenshot("page.png")
        page.messages, page.requests     what the console said, what the page asked the network for

Its only fonts are those of Debian's fonts-dejavu-core, so that a picture is the same on every machine.
"""

import base64
import itertools
import json
import os
import pathlib
import subprocess
import tempfile

FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts/truetype/dejavu</dir>
  <cachedir>{}</cachedir>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
  <match target="pattern">
    <edit name="family" mode="append_last"><string>DejaVu Sans</string></edit>
  </match>
</fontconfig>
"""

KEYS = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Enter": 13, "Escape": 27, "Tab": 9,
        "Home": 36, "End": 35}


class Browser:
    """A Chromium of our own, with a profile of its own."""

    def __init__(self, dark=False):
        self.profile = tempfile.TemporaryDirectory(prefix="drone-page-", ignore_cleanup_errors=True)
        fonts = pathlib.Path(self.profile.name) / "fonts.conf"
        fonts.write_text(FONTS.format(self.profile.name))
        to_child, self.to_browser = os.pipe()
        self.from_browser, from_child = os.pipe()

        def put_in_place():  # Chromium reads 3 and writes 4
            os.dup2(to_child, 13)
            os.dup2(from_child, 14)
            os.dup2(13, 3)
            os.dup2(14, 4)
        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--remote-debugging-pipe",
             "--hide-scrollbars", "--force-color-profile=srgb", f"--user-data-dir={self.profile.name}", "about:blank"],
            env={**os.environ, "FONTCONFIG_FILE": str(fonts)}, preexec_fn=put_in_place, close_fds=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_child)
        os.close(from_child)
        self.dark = dark
        self.numbers = itertools.count(1)
        self.rest = b""
        self.listeners = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
        except (OSError, EOFError):
            pass
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.to_browser)
        os.close(self.from_browser)
        self.profile.cleanup()

    def receive(self):
        """The next message of the browser."""
        while b"\0" not in self.rest:
            more = os.read(self.from_browser, 1 << 20)
            if not more:
                raise EOFError("Chromium has ended")
            self.rest += more
        message, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(message)
        if "method" in message:
            listener = self.listeners.get(message.get("sessionId"))
            if listener:
                listener(message["method"], message["params"])
        return message

    def call(self, method, session=None, **parameters):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to_browser, data):]
        while True:
            answer = self.receive()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def open(self, file, width=1240, height=900, fragment=""):
        return Page(self, pathlib.Path(file).resolve().as_uri() + fragment, width, height)


class Page:
    """A file that is open, with all that it said."""

    def __init__(self, browser, url, width, height):
        self.browser = browser
        self.messages = []
        self.requests = []
        self.loaded = False
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        browser.listeners[self.session] = self.notice
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.resize(width, height)
        self.colour("dark" if browser.dark else "light")
        self.url = url
        self.call("Page.navigate", url=self.url)
        while not self.loaded:
            browser.receive()
        self.settle()

    def close(self):
        self.call("Page.close")
        del self.browser.listeners[self.session]

    def notice(self, method, what):
        if method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Runtime.consoleAPICalled":
            self.messages.append(f"{what['type']}: {[a.get('value') for a in what['args']]}")
        elif method == "Runtime.exceptionThrown":
            details = what["exceptionDetails"]
            self.messages.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded":
            self.messages.append(f"{what['entry']['level']}: {what['entry']['text']}")
        elif method == "Network.requestWillBeSent" and what["request"]["url"] != self.url.split("#")[0]:
            self.requests.append(what["request"]["url"])

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def settle(self):
        """Until what was asked for is drawn: two frames."""
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")

    def until(self, condition):
        """Until an expression of the page's script holds."""
        self.evaluate("new Promise(done => { const look = () => (" + condition + ") ? done(0)"
                      " : requestAnimationFrame(look); look(); })")

    def text(self, selector):
        return self.evaluate(f"document.querySelector({json.dumps(selector)}).textContent")

    def resize(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def colour(self, scheme, media=""):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)

    def box(self, selector):
        return self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center'});"
            " const r = e.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()")

    def mouse(self, kind, x, y, buttons=0):
        button = "none" if kind == "mouseMoved" and not buttons else "left"
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, buttons=buttons, clickCount=1)

    def click(self, selector, x=0.5, y=0.5):
        left, top, width, height = self.box(selector)
        at = left + x * width, top + y * height
        self.mouse("mouseMoved", *at)
        self.mouse("mousePressed", *at, buttons=1)
        self.mouse("mouseReleased", *at)
        self.settle()

    def hover(self, selector, x=0.5, y=0.5):
        left, top, width, height = self.box(selector)
        self.mouse("mouseMoved", left + x * width, top + y * height)
        self.settle()

    def drag(self, selector, x_from, x_to, y=0.5):
        left, top, width, height = self.box(selector)
        y = top + y * height
        self.mouse("mouseMoved", left + x_from * width, y)
        self.mouse("mousePressed", left + x_from * width, y, buttons=1)
        for step in range(1, 6):
            self.mouse("mouseMoved", left + (x_from + (x_to - x_from) * step / 5) * width, y, buttons=1)
        self.mouse("mouseReleased", left + x_to * width, y)
        self.settle()

    def key(self, key, shift=False):
        about = {"key": key, "modifiers": 8 if shift else 0, "code": key if len(key) > 1 else "",
                 "windowsVirtualKeyCode": KEYS.get(key, ord(key[0].upper()))}
        if len(key) == 1:
            about["text"] = key
        elif key == "Enter":
            about["text"] = "\r"
        self.call("Input.dispatchKeyEvent", type="keyDown", **about)
        self.call("Input.dispatchKeyEvent", type="keyUp", **{k: v for k, v in about.items() if k != "text"})
        self.settle()

    def screenshot(self, file, whole=True):
        parameters = {"format": "png"}
        if whole:
            height = self.evaluate("Math.ceil(document.documentElement.getBoundingClientRect().height)")
            width = self.evaluate("innerWidth")
            clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
            parameters |= {"captureBeyondViewport": True, "clip": clip}
        picture = self.call("Page.captureScreenshot", **parameters)["data"]
        pathlib.Path(file).write_bytes(base64.b64decode(picture))

    def pdf(self, file):
        data = self.call("Page.printToPDF", preferCSSPageSize=True, paperWidth=8.27, paperHeight=11.69)["data"]
        pathlib.Path(file).write_bytes(base64.b64decode(data))

"""Screenshots, compared with pictures that are kept. A test program that is called with --renew writes those that
differ; look at them before you commit them.

A picture may differ a little, as another version of Chromium smooths its edges otherwise: in each square of 20 by 20
pixels, at most one pixel in twenty by more than 32 of 255 levels. So no digit can change and no bar move.
"""

import base64
import json
import os
import sys

from pages import DRONE

NEW = DRONE.parents[1] / "tests/pictures"
RENEW = "--renew" in sys.argv
if RENEW:
    sys.argv.remove("--renew")

COMPARE = """(async (kept, made) => {
    const pixels = async base64 => {
        const bytes = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes], {type: 'image/png'}));
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height), to = canvas.getContext('2d');
        to.drawImage(bitmap, 0, 0);
        return to.getImageData(0, 0, bitmap.width, bitmap.height);
    };
    const a = await pixels(kept), b = await pixels(made);
    if (a.width !== b.width || a.height !== b.height)
        return `${b.width} x ${b.height} pixels instead of ${a.width} x ${a.height}`;
    const square = 20, others = new Map();
    for (let i = 0; i < a.data.length; i += 4) {
        const other = Math.max(...[0, 1, 2].map(k => Math.abs(a.data[i + k] - b.data[i + k]))) > 32;
        if (!other) continue;
        const x = i / 4 % a.width, y = Math.floor(i / 4 / a.width);
        const place = Math.floor(y / square) * 1e4 + Math.floor(x / square);
        others.set(place, (others.get(place) || 0) + 1);
    }
    for (const [place, count] of others)
        if (count > square * square / 20)
            return `${count} pixels differ at ${place % 1e4 * square}, ${Math.floor(place / 1e4) * square}`;
    return '';
})"""


def difference(browser, kept, made):
    """In words; nothing where they look the same."""
    blank = browser.open(os.devnull)
    data = (json.dumps(base64.b64encode(file.read_bytes()).decode()) for file in (kept, made))
    found = blank.evaluate(f"{COMPARE}({', '.join(data)})")
    blank.close()
    return found


def compare(test, page, kept, whole=True):
    """The page as it looks now with a picture; the new one is in build/tests/pictures."""
    NEW.mkdir(parents=True, exist_ok=True)
    new = NEW / kept.name
    page.screenshot(new, whole)
    found = difference(page.browser, kept, new) if kept.exists() else "there is none yet"
    if found and RENEW:
        kept.write_bytes(new.read_bytes())
        print(f"renewed {kept}: {found}")
        return
    test.assertEqual(found, "", f"{new} is not {kept}; if it is right: {sys.argv[0]} --renew")

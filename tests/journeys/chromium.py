"""The machine's own Chromium, and the screens that people hold. Needs no Django."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

CHROMIUM_SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
DESKTOP: dict[str, Any] = {
    "viewport": {"width": 1440, "height": 900},
    "locale": "zh-CN",
    "timezone_id": "Asia/Shanghai",
    "reduced_motion": "reduce",  # so that no colour is measured half way
}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "locale": "zh-CN",
    "timezone_id": "Asia/Shanghai",
    "reduced_motion": "reduce",  # so that no colour is measured half way
    "is_mobile": True,
    "has_touch": True,
    "user_agent": "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130 Mobile",
}


def chromium() -> str | None:
    """Return the browser of this machine, or None."""
    given = os.environ.get("CHROMIUM")
    return given or shutil.which("chromium") or shutil.which("chromium-browser")


FONTS_CONF = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>{fonts}</dir>
<cachedir>{cache}</cachedir></fontconfig>
"""


@contextmanager
def chinese_fonts() -> Iterator[dict[str, str]]:
    """Lend the browser the Chinese face of the documents: a bare machine has none of its own."""
    with tempfile.TemporaryDirectory() as cache:
        conf = Path(cache) / "fonts.conf"
        conf.write_text(FONTS_CONF.format(fonts=files("manimgx_fonts_cjk"), cache=cache))
        yield {**os.environ, "FONTCONFIG_FILE": str(conf)}


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Start the machine's Chromium. Playwright's loop lives in this thread until the end."""
    with chinese_fonts() as env, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=CHROMIUM_SWITCHES, env=env
        )
        try:
            yield browser
        finally:
            browser.close()

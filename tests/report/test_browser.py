"""The page in a real browser: it asks for nothing, keeps its style, and fits a telephone."""

import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from matplotlib.image import imread

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]


class Recorder(ThreadingHTTPServer):
    """The only way out of the browser: it answers with its pages and remembers everything asked."""

    def __init__(self, pages):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages, self.asked = pages, []


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        page = self.server.pages.get(self.path)
        self.send_response(200 if page else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write((page or "").encode())

    def do_CONNECT(self):
        self.server.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_):
        """Nobody listens."""


def look(pages, address, out, *, size):
    """Open an address, take its picture as H x W x RGB, and give it with all that was asked for."""
    server = Recorder(pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    words = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", *QUIET]
    words += [f"--proxy-server=127.0.0.1:{server.server_port}", f"--user-data-dir={out.parent / 'profile'}"]
    words += [f"--window-size={size}", f"--screenshot={out}", address]
    subprocess.run(words, check=True, capture_output=True, timeout=180)
    server.shutdown()
    return imread(out)[..., :3], server.asked


REPORT = "http://report.test/"


def test_it_asks_for_nothing_but_itself(page, tmp_path):
    _, asked = look({REPORT: page}, REPORT, tmp_path / "desk.png", size="1200,900")
    ours = [one for one in asked if "report.test" in one]
    others = [one for one in asked if "report.test" not in one and "google" not in one]
    assert set(ours) <= {REPORT, f"{REPORT}favicon.ico"} and REPORT in ours
    assert others == []


def test_a_page_that_did_ask_would_be_caught(page, tmp_path):
    spoiled = page.replace("default-src 'none'", "default-src *").replace(
        "<main>", '<main><img src="http://elsewhere.test/a.png" alt="">'
    )
    _, asked = look({REPORT: spoiled}, REPORT, tmp_path / "desk.png", size="1200,900")
    assert "http://elsewhere.test/a.png" in asked


def test_its_policy_lets_its_style_through(page, tmp_path):
    picture, _ = look({REPORT: page}, REPORT, tmp_path / "desk.png", size="1200,900")
    banner = np.array([0xFD, 0xEA, 0xE8]) / 255
    assert (np.abs(picture - banner).max(axis=2) < 0.01).mean() > 0.01


def test_on_a_telephone_nothing_sticks_out_at_the_side(page, tmp_path):
    frame = f'<body style="margin:0"><iframe src="{REPORT}" style="border:0;width:380px;height:9000px">'
    pages = {REPORT: page, "http://frame.test/": frame}
    picture, _ = look(pages, "http://frame.test/", tmp_path / "phone.png", size="500,9000")
    margin = picture[:, 368:379]
    assert (picture[:, :368] < 0.5).any() and not (margin < 0.5).any()

"""A visit to the page in a real browser, and everything the browser noticed on the way."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, Route, expect

READY = "#intervention-choices input"
PATIENCE = 10_000
REFUSED = "Failed to load resource: the server responded with a status of 4"
"""What Chromium writes to its console of every answer with such a status, whatever the page does with it."""

_WATCH = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
"""


@dataclass
class Visit:
    """The page, what it asked of which host, and what it wrote to the console."""

    page: Page
    url: str
    requested: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)

    def choose(self, example: str) -> None:
        """Takes the example whose button begins so."""
        self.page.get_by_role("button", name=example).click()
        expect(self.page.locator("#text-told p").first).to_contain_text("events")

    def paste(self, text: str) -> None:
        """Puts a text into the field as if from the clipboard."""
        place = self.page.get_by_label("History or FHIR")
        place.focus()
        self.page.keyboard.insert_text(text)
        place.dispatch_event("change")

    def drop(self, text: str) -> None:
        """Drops a file of this text on the patient."""
        held = self.page.evaluate_handle(
            "(text) => { const held = new DataTransfer();"
            "held.items.add(new File([text], 'history.json', {type: 'application/json'})); return held; }",
            text,
        )
        self.page.locator("#patient").dispatch_event("drop", {"dataTransfer": held})

    def tick(self, *names: str) -> None:
        """Asks about these interventions as well."""
        for name in names:
            self.page.get_by_role("checkbox", name=name).check()

    def ask(self) -> None:
        """Presses the button that asks."""
        self.page.get_by_role("button", name="Predict response").click()

    def asked(self, example: str) -> Locator:
        """The answer for an example."""
        self.choose(example)
        self.ask()
        expect(self.page.locator("#answer article").first).to_be_visible()
        return self.page.locator("#answer")

    def unfold(self) -> None:
        """Opens everything that can be opened."""
        folded = self.page.locator("details:not([open]) > summary")
        while folded.count():
            folded.first.click()

    def watched(self) -> dict[str, Any]:
        """What must not have happened."""
        strange = [line for line in self.console if not line.startswith(REFUSED)]
        foreign = [url for url in self.requested if not url.startswith(f"{self.url}/")]
        return {
            "violations": self.page.evaluate("violations"),
            "console": strange,
            "crashes": self.crashes,
            "foreign": foreign,
        }


NOTHING: dict[str, Any] = {"violations": [], "console": [], "crashes": [], "foreign": []}


@contextmanager
def visiting(
    browser: Browser, url: str, *, ready: str = READY, routes: Any = None, **how: Any
) -> Iterator[Visit]:
    """A visit; ``how`` as Playwright's new_context takes it, ``routes``: answers given in the server's place.

    At the end nothing strange may have happened.
    """
    context = browser.new_context(**how)
    context.set_default_timeout(PATIENCE)
    context.add_init_script(_WATCH)
    page = context.new_page()
    visit = Visit(page, url)
    page.on("request", lambda one: visit.requested.append(one.url))
    page.on(
        "console", lambda one: visit.console.append(one.text) if one.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda one: visit.crashes.append(str(one)))
    for pattern, answer in (routes or {}).items():
        page.route(pattern, answer)
    page.goto(f"{url}/")
    page.wait_for_selector(ready)
    yield visit
    assert visit.watched() == NOTHING
    context.close()


def locked(key: str) -> Any:
    """Lets only requests with this key pass to the server; others are answered as a server with keys does."""

    def answer(route: Route) -> None:
        if route.request.headers.get("authorization") == f"Bearer {key}":
            route.continue_()
        else:
            words = '{"error":{"code":"no_key","message":"A key is needed."}}'
            route.fulfill(status=401, content_type="application/json", body=words)

    return answer


CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
"""A script that gives every visible text whose contrast to what lies behind it is below 4.5."""

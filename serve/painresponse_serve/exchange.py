"""One bundle in the place of another, between two requests: proven and recorded before, or not at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from painresponse.errors import BundleError, PainResponseError
from painresponse_serve.audit import AuditLog, NoAudit, Replacement
from painresponse_serve.complaints import RequestError
from painresponse_serve.logs import log
from painresponse_serve.memory import give_back
from painresponse_serve.shelf import Served, Shelf


@dataclass(frozen=True)
class Exchange:
    """Puts bundles in service; ``opened`` opens and proves a file, or raises BundleError."""

    shelf: Shelf
    audit: AuditLog | NoAudit
    opened: Callable[[Path], Served]

    def put(self, new: Served, source: str) -> None:
        """Serve a bundle from the next request on in the place of the one of its name, unless it is the same.

        Raises BundleError where none of that name is in service, and RequestError where the audit log cannot
        be written; then nothing is changed.
        """
        if new.name not in self.shelf.names:
            raise BundleError(
                f"{new.path} holds a bundle named {new.name!r}; in service: {', '.join(self.shelf.names)}. "
                "Train it under such a name, or start the server anew with its file."
            )
        old = self.shelf.pick(new.name)
        if new.bundle.digest != old.bundle.digest:
            change = Replacement(new.name, new.bundle.digest, old.bundle.digest, source)
            self.audit.record(change)
            self.shelf.put(new)
            log.info("renewed", extra={"fields": change.facts()})


@contextmanager
def refused_aloud(source: str) -> Iterator[None]:
    """What goes wrong meanwhile is logged, and the bundles in service stay there."""
    try:
        yield
    except (PainResponseError, RequestError) as error:
        log.error("not_renewed", extra={"fields": {"source": source, "reason": str(error)}})
    except Exception as error:
        log.error("not_renewed", exc_info=error, extra={"fields": {"source": source}})
    finally:
        give_back()

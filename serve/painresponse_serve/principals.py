"""Who asks, and what each kind of question is called."""

from dataclasses import dataclass

SCORE, INFER, DESCRIBE, METRICS, HOOKS = "score", "infer", "describe", "metrics", "hooks"
SCOPES = (SCORE, INFER, DESCRIBE, METRICS, HOOKS)


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who showed a key or a token: the name for the audit log, and what may be asked."""

    who: str
    scopes: frozenset[str]

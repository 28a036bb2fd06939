"""Names of drug products as prescriptions and dispensings spell them: which substances, how much of each.

Names are those of RxNorm and OMOP (``acetaminophen 325 MG / oxycodone hydrochloride 10 MG Oral Tablet``) and
the short ones of order entry (``oxycodone-acetaminophen 5-325 mg tablet``).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from painresponse.concepts import Concepts, Ingredient

PATCH, LOCAL, INJECTED, SYSTEMIC, ANY = "patch", "local", "injected", "systemic", "any"

_LONGEST_NAME = 1000
_MOST_REMEMBERED = 100_000
_FORMS = (
    (
        INJECTED,
        r"inject\w*|infus\w*|intravenous\w*|intrathecal|epidural|intramuscular|subcutaneous|iv|im|implants?|"
        r"syringes?|cartridges?|ampoules?|vials?|iontophoretic",
    ),
    (PATCH, r"transdermal|patch(?:es)?|plasters?|[mu]c?g */ *\d* *(?:hr?|hours?)"),
    (
        LOCAL,
        r"topical|cream|ointment|lotion|gel(?!\s*cap)|ophthalmic|otic|nasal|inhal\w*|irrigation|vaginal|"
        r"mouthwash|eye|ear",
    ),
)
_FORM_WORDS = [(form, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])")) for form, words in _FORMS]
_FORM_AT_END = re.compile(r"\s+(?:patch|plaster|gel|cream|ointment|injection|infusion)$")
_BRAND = re.compile(r"\[[^\]]*\]")
_NUMBER = r"(?<![\d.,])\d{1,9}(?:[.,]\d{1,9}){0,3}"
_MASS = r"(?:mg|mcg|µg|μg|ug|gm|g)(?![a-z])"
_STRENGTH = re.compile(
    rf"({_NUMBER})\s*({_MASS})(?:\s*/\s*({_NUMBER})?\s*(ml|hr|h|hours?|mg|g|actuat|tab\w*|cap\w*)(?![a-z]))?"
)
_LISTED = re.compile(rf"{_NUMBER}(?:\s*mg)?(?:\s*[-/]\s*{_NUMBER}(?:\s*mg)?)+(?:(?<=mg)|(?=\s*mg))")
_BETWEEN = re.compile(r"\s+/\s+|(?<=[a-z]{4})/(?=[a-z]{4})|\s\+\s|;")
_IN_MG = {"mg": 1.0, "g": 1000.0, "gm": 1000.0}
_MICROGRAM = 0.001
_ANYWHERE = re.compile("")


@dataclass(frozen=True, slots=True)
class Part:
    """One substance of a product: the code histories use for it and its strength per dose unit.

    ``unit`` is ``mg`` (per tablet, capsule, puff), ``mg/mL`` (liquids), ``ug/h`` (transdermal systems) or
    ``{plaster}``; ``strength`` is None where the name does not tell.
    """

    code: str
    strength: float | None = None
    unit: str = ""


class Products:
    """Reads product names with the substances that a catalogue of treatments declares."""

    def __init__(self, concepts: Concepts):
        declared = [one for treatment in concepts.treatments.values() for one in treatment.ingredients]
        self._known = [(one, _form_meant(one), _mention(one)) for one in declared]
        self._units = {one.code: one.unit for one in declared}
        self._codes = {code for one in declared for code in (one.code, *one.codes)}
        self._seen: dict[tuple[str, str], tuple[Part, ...]] = {}

    def of(self, name: str, code: str = "") -> tuple[Part, ...]:
        """The declared substances of a product, each once.

        A product of another form than the ingredient means is none of it: fentanyl for injection is no
        patch, morphine for injection no oral morphine. ``code`` is the product's own code where there is one:
        a declared substance's code (ATC, RxNorm ingredient) counts as a mention of it.
        """
        key = name[:_LONGEST_NAME].lower(), code
        found = self._seen.get(key)
        if found is None:
            found = tuple({part.code: part for part in self._read(*key)}.values())
            if len(self._seen) < _MOST_REMEMBERED:
                self._seen[key] = found
        return found

    def declares(self, code: str) -> bool:
        """Whether a code is a declared substance's own."""
        return code in self._codes

    def daily(self, part: Part, units: float) -> float:
        """The daily dose of ``units`` dose units a day (tablets, mL) in the ingredient's own unit.

        NaN where the strength is unknown or of another kind than the ingredient's unit. A transdermal system
        gives its rate, however often it is changed: one is worn at a time.
        """
        meant = self._units.get(part.code, "")
        if part.strength is None:
            return float("nan")
        if part.unit == meant == "ug/h":
            return part.strength
        suits = f"{part.unit.removesuffix('/mL')}/d" == meant
        return part.strength * units if suits else float("nan")

    def _read(self, name: str, code: str) -> Iterable[Part]:
        plain = _BRAND.sub(" ", name)
        form, components = _form(plain), _components(plain)
        for ingredient, meant, mention in self._known:
            if meant not in (ANY, form):
                continue
            parts = {_part(ingredient, one, mention) for one in components if mention.search(one)}
            if not parts and code and code in (ingredient.code, *ingredient.codes):
                parts = {_part(ingredient, plain, _ANYWHERE)}
            telling = [part for part in parts if part.strength is not None]
            if parts:
                yield telling[0] if len(telling) == 1 else Part(ingredient.code)


def _mention(ingredient: Ingredient) -> re.Pattern[str]:
    """Any of its names as whole words."""
    names = {_FORM_AT_END.sub("", one.lower()) for one in (ingredient.name, *ingredient.names)}
    return re.compile(rf"(?<![a-z])(?:{'|'.join(map(re.escape, sorted(names)))})(?![a-z])")


def _form_meant(ingredient: Ingredient) -> str:
    """The form of product an ingredient stands for: told by its unit or its name, else by mouth.

    One without any dose declared is the same treatment in every form.
    """
    if ingredient.unit == "ug/h" or ingredient.unit.startswith("{p"):
        return PATCH
    named = _form(ingredient.name.lower())
    if named == SYSTEMIC and ingredient.adequate is None and ingredient.mme is None:
        return ANY
    return named


def _form(name: str) -> str:
    return next((form for form, words in _FORM_WORDS if words.search(name)), SYSTEMIC)


def _components(name: str) -> list[str]:
    """Each substance with its own strength; where names and strengths are listed apart, by their order."""
    listed = _LISTED.search(name)
    if not listed:
        return _BETWEEN.split(name)
    substances = re.split(r"\s*[-/]\s*", name[: listed.start()])
    strengths = re.split(r"\s*[-/]\s*", listed.group().replace("mg", ""))
    if len(substances) != len(strengths):
        return substances
    return [f"{one} {strength.strip()} mg" for one, strength in zip(substances, strengths, strict=True)]


def _part(ingredient: Ingredient, component: str, mention: re.Pattern[str]) -> Part:
    if ingredient.unit.startswith("{p"):
        return Part(ingredient.code, 1.0, ingredient.unit.removesuffix("/d"))
    said = mention.search(component)
    before, behind = (component[: said.start()], component[said.end() :]) if said else ("", "")
    found = _STRENGTH.search(behind)
    if found is None or before.endswith("-") or behind.startswith("-"):  # "oxycodone-aspirin 5 mg": of which?
        return Part(ingredient.code)
    strength, unit = _strength(*found.groups())
    return Part(ingredient.code, strength, unit) if unit else Part(ingredient.code)


def _strength(amount: str, mass: str, per: str | None, what: str | None) -> tuple[float, str]:
    """In mg, mg/mL or ug/h; no unit where it is none of them (mg of drug in mg of ointment)."""
    milligrams = _number(amount) * _IN_MG.get(mass, _MICROGRAM) / (_number(per or "1") or 1.0)
    if what is None or what.startswith(("actuat", "tab", "cap")):
        return round(milligrams, 9), "mg"
    if what.startswith("h"):
        return round(milligrams * 1000, 6), "ug/h"
    return (round(milligrams, 9), "mg/mL") if what == "ml" else (0.0, "")


def _number(text: str) -> float:
    """``1,000`` is a thousand, ``2,5`` and ``0,025`` have a decimal comma."""
    if re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", text):
        return float(text.replace(",", ""))
    whole, _, rest = text.replace(",", ".").partition(".")
    return float(f"{whole}.{rest.replace('.', '')}")

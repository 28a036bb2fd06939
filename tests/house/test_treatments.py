"""The conventional treatments as declared: doses, codes and conversions, for a clinician to check."""

import pytest

from painresponse.concepts import Concepts
from painresponse.records.products import Products
from tests.lib.tables import answers, table

DRUGS = """
    class               | drug              | RxNorm | ATC              | adequate | unit
    paracetamol         | paracetamol       | 161    | N02BE01          | 2000     | mg/d
    nsaid               | ibuprofen         | 5640   | M01AE01          | 1200     | mg/d
    nsaid               | naproxen          | 7258   | M01AE02          | 750      | mg/d
    nsaid               | diclofenac        | 3355   | M01AB05          | 100      | mg/d
    nsaid               | celecoxib         | 140587 | M01AH01          | 200      | mg/d
    nsaid               | meloxicam         | 41493  | M01AC06          | 7.5      | mg/d
    nsaid               | etoricoxib        |        | M01AH05          | 60       | mg/d
    nsaid               | indometacin       | 5781   | M01AB01          | 75       | mg/d
    nsaid               | etodolac          | 24605  | M01AB08          | 400      | mg/d
    nsaid               | nabumetone        | 31448  | M01AX01          | 1000     | mg/d
    opioid_weak         | tramadol          | 10689  | N02AX02          | 200      | mg/d
    opioid_weak         | codeine           | 2670   | R05DA04, N02AJ06 | 120      | mg/d
    opioid_weak         | tapentadol        | 787390 | N02AX06          | 200      | mg/d
    opioid_strong       | morphine          | 7052   | N02AA01          | 40       | mg/d
    opioid_strong       | oxycodone         | 7804   | N02AA05, N02AA55 | 27       | mg/d
    opioid_strong       | hydrocodone       | 5489   | R05DA03, N02AJ22 | 40       | mg/d
    opioid_strong       | hydromorphone     | 3423   | N02AA03          | 8        | mg/d
    opioid_strong       | oxymorphone       | 7814   | N02AA11          | 13.4     | mg/d
    opioid_strong       | methadone         | 6813   | N07BC02          | 10       | mg/d
    opioid_strong       | fentanyl patch    | 4337   | N02AB03          | 25       | ug/h
    opioid_strong       | buprenorphine     | 1819   | N02AE01, N07BC01 |          | mg/d
    opioid_strong       | levorphanol       | 6378   |                  |          | mg/d
    opioid_strong       | pethidine         | 6754   | N02AB02          |          | mg/d
    gabapentinoid       | gabapentin        | 25480  | N02BF01, N03AX12 | 1800     | mg/d
    gabapentinoid       | pregabalin        | 187832 | N02BF02, N03AX16 | 300      | mg/d
    gabapentinoid       | mirogabalin       |        | N02BF03          | 20       | mg/d
    snri                | duloxetine        | 72625  | N06AX21          | 60       | mg/d
    snri                | venlafaxine       | 39786  | N06AX16          | 150      | mg/d
    snri                | desvenlafaxine    | 734064 | N06AX23          | 50       | mg/d
    snri                | milnacipran       | 588250 | N06AX17          | 100      | mg/d
    tca                 | amitriptyline     | 704    | N06AA09          | 50       | mg/d
    tca                 | nortriptyline     | 7531   | N06AA10          | 50       | mg/d
    tca                 | imipramine        | 5691   | N06AA02          | 50       | mg/d
    tca                 | desipramine       | 3247   | N06AA01          | 50       | mg/d
    tca                 | doxepin           | 3638   | N06AA12          | 50       | mg/d
    tca                 | clomipramine      | 2597   | N06AA04          | 50       | mg/d
    other_anticonvulsant| carbamazepine     | 2002   | N03AF01          | 400      | mg/d
    other_anticonvulsant| oxcarbazepine     | 32624  | N03AF02          | 900      | mg/d
    other_anticonvulsant| lamotrigine       | 28439  | N03AX09          | 200      | mg/d
    other_anticonvulsant| topiramate        | 38404  | N03AX11          | 100      | mg/d
    other_anticonvulsant| valproate         | 11118  | N03AG01          | 750      | mg/d
    other_anticonvulsant| lacosamide        | 623400 | N03AX18          |          | mg/d
    other_anticonvulsant| phenytoin         | 8183   | N03AB02          |          | mg/d
    other_anticonvulsant| levetiracetam     |        | N03AX14          |          | mg/d
    other_anticonvulsant| zonisamide        |        | N03AX15          |          | mg/d
    topical             | lidocaine plaster | 6387   | N01BB02          | 1        | {plaster}/d
    topical             | capsaicin patch   | 1992   | N01BX04          |          | mg/d
    topical             | capsaicin cream   |        | M02AB01          |          | mg/d
    topical             | diclofenac gel    |        | M02AA15          |          | mg/d
    muscle_relaxant     | baclofen          | 1292   | M03BX01          | 30       | mg/d
    muscle_relaxant     | tizanidine        | 57258  | M03BX02          | 8        | mg/d
    muscle_relaxant     | cyclobenzaprine   | 21949  | M03BX08          | 15       | mg/d
    muscle_relaxant     | methocarbamol     | 6845   | M03BA03          |          | mg/d
    muscle_relaxant     | carisoprodol      | 2101   | M03BA02          |          | mg/d
    muscle_relaxant     | orphenadrine      | 7715   | M03BC01          |          | mg/d
    muscle_relaxant     | metaxalone        | 59078  |                  |          | mg/d
    nmda_other          | ketamine          | 6130   | N01AX03          |          | mg/d
    nmda_other          | memantine         |        | N06DX01          |          | mg/d
    nmda_other          | naltrexone        | 7243   | N07BB04          |          | mg/d
    nmda_other          | cannabidiol       |        | N03AX24          |          | mg/d
"""

MME = """
    drug           | factor
    codeine        | 0.15
    fentanyl_patch | 2.4
    hydrocodone    | 1
    hydromorphone  | 5
    methadone      | 4.7
    morphine       | 1
    oxycodone      | 1.5
    oxymorphone    | 3
    tapentadol     | 0.4
    tramadol       | 0.2
    levorphanol    | 11
    pethidine      | 0.1
"""

STRICT = """
    class         | drug          | standard | strict
    gabapentinoid | pregabalin    | 300      | 450
    gabapentinoid | gabapentin    | 1800     | 2400
    tca           | amitriptyline | 50       | 75
    snri          | duloxetine    | 60       | 60
    snri          | venlafaxine   | 150      | 225
"""


def ingredients(concepts: Concepts):
    return {
        (name, one.name): one
        for name, treatment in concepts.treatments.items()
        for one in treatment.ingredients
    }


def test_every_drug_of_the_table_is_declared_with_its_codes_and_the_dose_that_counts(catalogue):
    declared = ingredients(catalogue.concepts)
    assert list(declared) == [(row["class"], row["drug"]) for row in table(DRUGS)]
    for row in table(DRUGS):
        one = declared[row["class"], row["drug"]]
        codes = [f"RxNorm//{row['RxNorm']}"] if row["RxNorm"] else []
        codes += [f"ATC//{code.strip()}" for code in row["ATC"].split(",") if code]
        adequate = float(row["adequate"]) if row["adequate"] else None
        assert ([one.code, *one.codes], one.adequate, one.unit) == (codes, adequate, row["unit"]), one.name


def test_every_drug_says_on_what_its_numbers_rest(catalogue):
    assert all(one.evidence for one in ingredients(catalogue.concepts).values())


def test_opioids_convert_by_the_table_of_2022_and_two_by_an_older_one(catalogue):
    declared = {
        drug.replace(" ", "_"): one.mme
        for (_, drug), one in ingredients(catalogue.concepts).items()
        if one.mme is not None
    }
    assert declared == {row["drug"]: float(row["factor"]) for row in table(MME)}
    for older in ("levorphanol", "pethidine"):
        assert "older table" in ingredients(catalogue.concepts)["opioid_strong", older].evidence


def test_a_strong_opioid_counts_from_40_morphine_equivalents_a_day_or_its_own_limit(catalogue):
    """The fentanyl patch and methadone have limits of their own, somewhat above."""
    own = {"fentanyl patch": 60.0, "methadone": 47.0}
    for one in catalogue.concepts.treatments["opioid_strong"].ingredients:
        if one.adequate and one.mme:
            assert one.adequate * one.mme == pytest.approx(own.get(one.name, 40.0), rel=0.02), one.name


@pytest.mark.parametrize(
    ("product", "substances"),
    [
        ("acetaminophen 500 MG Oral Tablet", {"RxNorm//161"}),
        ("meperidine hydrochloride 50 MG Oral Tablet", {"RxNorm//6754"}),
        ("indomethacin 25 MG Oral Capsule", {"RxNorm//5781"}),
        ("divalproex sodium 250 MG Delayed Release Oral Tablet", {"RxNorm//11118"}),
        ("valproic acid 250 MG Oral Capsule", {"RxNorm//11118"}),
        ("venlafaxine 75 MG Oral Tablet", {"RxNorm//39786"}),
        ("desvenlafaxine 50 MG Extended Release Oral Tablet", {"RxNorm//734064"}),
        ("diclofenac sodium 75 MG Oral Tablet", {"RxNorm//3355"}),
        ("diclofenac sodium 0.01 MG/MG Topical Gel", {"ATC//M02AA15"}),
        ("capsaicin 0.00025 MG/MG Topical Cream", {"ATC//M02AB01"}),
        ("baclofen 10 MG Oral Tablet", {"RxNorm//1292"}),
        ("baclofen 0.5 MG/ML Intrathecal Solution", set()),
        ("morphine sulfate 10 MG/ML Intrathecal Injection", set()),
        ("fentanyl 0.2 MG Oral Lozenge", set()),
        ("72 HR fentanyl 0.025 MG/HR Transdermal System", {"RxNorm//4337"}),
    ],
)
def test_a_product_is_read_as_the_substance_and_the_form_that_are_meant(catalogue, product, substances):
    """What goes into the spinal fluid, and fentanyl other than by patch, is never converted."""
    assert {part.code for part in Products(catalogue.concepts).of(product)} == substances


@pytest.mark.parametrize("code", ["RxNorm//25480", "ATC//N02BF01", "ATC//N03AX12"])
def test_every_code_of_a_drug_begins_and_ends_its_trials(catalogue, code):
    text = f"""
        patient | days before | code                    | value
              1 | 200         | {code}                  | 1800
              1 | 100         | {code}//STOP//INEFFICACY |
    """
    sentences = ["last of gabapentinoid.trial ever", "count of gabapentinoid.failed ever"]
    assert answers(text, *sentences, concepts=catalogue.concepts) == {1: (100, 1)}


# --- the stricter set ---


def test_the_strict_set_asks_for_more_of_five_drugs_and_for_twelve_weeks(catalogue):
    standard, strict = ingredients(catalogue.concepts), ingredients(catalogue.concepts.stricter())
    said = {
        (row["class"], row["drug"]): (float(row["standard"]), float(row["strict"])) for row in table(STRICT)
    }
    for name, one in standard.items():
        assert (one.adequate, strict[name].adequate) == said.get(name, (one.adequate, one.adequate)), name
    weeks = {name: one.min_weeks for name, one in catalogue.concepts.stricter().treatments.items()}
    changed = {name for name, one in catalogue.concepts.treatments.items() if one.min_weeks != weeks[name]}
    assert changed == {row["class"] for row in table(STRICT)}
    assert {weeks[name] for name in changed} == {12}


@pytest.mark.parametrize(
    ("dose", "days", "standard", "strict"),
    [(300, 84, 1, 0), (450, 84, 1, 1), (450, 83, 1, 0), (300, 42, 1, 0), (299, 84, 0, 0)],
)
def test_a_trial_adequate_by_the_standard_set_may_not_be_by_the_strict_one(
    catalogue, dose, days, standard, strict
):
    text = f"""
        patient | days before  | code                             | value
              1 | 200          | RxNorm//187832                   | {dose}
              1 | {200 - days} | RxNorm//187832//STOP//INEFFICACY |
    """
    failed = "count of gabapentinoid.failed ever"
    assert answers(text, failed, concepts=catalogue.concepts) == {1: (standard,)}
    assert answers(text, failed, concepts=catalogue.concepts.stricter()) == {1: (strict,)}


def test_a_bundle_keeps_the_set_it_was_made_with(catalogue):
    strict = catalogue.concepts.stricter()
    assert Concepts.from_plain(strict.to_plain()) == strict
    assert strict.stricter() == strict


# --- treatments without a dose ---


@pytest.mark.parametrize(
    ("treatment", "concept"),
    [
        ("nerve_block", "block_therapeutic"),
        ("rfa_prior", "rfa"),
        ("surgery", "spine_surgery"),
        ("physical_rehabilitation", "pt_session"),
        ("psychological", "cbt_session"),
    ],
)
def test_an_earlier_procedure_is_a_trial_of_its_class_under_the_number_it_has_as_a_procedure(
    catalogue, treatment, concept
):
    """Sessions known by SNOMED CT, and the assessment before a psychological treatment, begin no trial."""
    codes = {one for one in catalogue.concepts.concepts[concept].codes if one.startswith("CPT")}
    assert set(catalogue.concepts.treatments[treatment].codes) == codes - {"CPT//96156"}


def test_a_block_that_may_have_been_a_test_is_no_trial_of_a_treatment(catalogue):
    concepts = catalogue.concepts.concepts
    tests = {*concepts["block_diagnostic"].codes, *concepts["block_unknown_intent"].codes}
    assert not tests & set(catalogue.concepts.treatments["nerve_block"].codes)


@pytest.mark.parametrize(
    ("treatment", "weeks"),
    [
        ("steroid_injection", 4),
        ("nerve_block", 4),
        ("surgery", 26),
        ("physical_rehabilitation", 6),
        ("psychological", 8),
        ("rfa_prior", 12),
    ],
)
def test_what_needs_no_end_lasts_at_least_until_it_can_be_judged(catalogue, treatment, weeks):
    one = catalogue.concepts.treatments[treatment]
    assert one.min_weeks == weeks
    assert one.lasts_days is not None
    assert one.lasts_days >= 7 * weeks

"""FHIR R4 resources as events: what each becomes, when it was known, and what is left out and why."""

import copy
import json
import math
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from painresponse.concepts import Concepts
from painresponse.errors import DefinitionError, RecordError
from painresponse.records import collect
from painresponse.records.fhir import REASONS, WARNINGS, FhirReader
from painresponse.schema import STATIC

DECLARED = Concepts.from_plain(
    {
        "concepts": {
            "pain": {"label": "pain", "codes": ["LOINC//72514-3"], "unit": "{score}", "hard": [0, 10]},
            "phq9": {"label": "PHQ-9", "codes": ["LOINC//44261-6"], "unit": "{score}", "hard": [0, 27]},
            "crp": {"label": "CRP", "codes": ["LOINC//1988-5"], "unit": "mg/L"},
            "systolic": {"label": "systolic", "codes": ["LOINC//8480-6"], "unit": "mm[Hg]"},
            "back": {"label": "back pain", "codes": ["ICD10CM//M54.5*"]},
            "generator": {"label": "generator", "codes": ["CPT//63685"]},
        },
        "treatments": {
            "opioid": {
                "label": "opioid",
                "min_weeks": 4,
                "ingredients": [
                    {"name": "oxycodone", "code": "RxNorm//7804", "adequate": 27, "mme": 1.5},
                    {"name": "morphine", "code": "RxNorm//7052", "adequate": 40, "mme": 1.0},
                    {
                        "name": "fentanyl patch",
                        "code": "RxNorm//4337",
                        "adequate": 25,
                        "unit": "ug/h",
                        "mme": 2.4,
                    },
                ],
            },
            "other": {
                "label": "other",
                "min_weeks": 4,
                "ingredients": [
                    {"name": "paracetamol", "names": ["acetaminophen"], "code": "RxNorm//161"},
                    {"name": "gabapentin", "code": "RxNorm//25480", "adequate": 1800},
                ],
            },
        },
    }
)
DAY = timedelta(days=1)
ANN = {"reference": "Patient/ann"}
PAIN = {"coding": [{"system": "http://loinc.org", "code": "72514-3"}]}
OXYCODONE = {
    "coding": [
        {
            "system": "http://www.nlm.nih.gov/research/umls/rxnorm",
            "code": "1049683",
            "display": "oxycodone hydrochloride 10 MG Oral Tablet",
        }
    ]
}


def reading(*resources, zone="", strict=True):
    """A reader that has read these resources together."""
    reader = FhirReader(DECLARED, zone=zone, strict=strict)
    reader.read(list(resources))
    return reader


def events(*resources, **how):
    """Their events as (time, code, value or None, unit, available time)."""
    raw = reading(*resources, **how).events()
    return [
        (
            _clock(raw.time[row]),
            raw.codes[raw.code[row]],
            None if math.isnan(raw.value[row]) else round(float(raw.value[row]), 5),
            raw.units[raw.unit[row]] if raw.unit[row] >= 0 else "",
            _clock(raw.available[row]),
        )
        for row in range(len(raw))
    ]


def _clock(micros):
    return None if micros == STATIC else datetime(1970, 1, 1) + timedelta(microseconds=int(micros))


def codes(*resources, **how):
    return [code for _, code, *_ in events(*resources, **how)]


def values(*resources, **how):
    return {code: value for _, code, value, *_ in events(*resources, **how)}


def observation(**fields):
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": PAIN,
        "subject": ANN,
        "effectiveDateTime": "2024-05-01T08:30:00+02:00",
        "valueQuantity": {"value": 7, "code": "{score}"},
    } | fields


def request(**fields):
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "subject": ANN,
        "authoredOn": "2024-05-01",
        "medicationCodeableConcept": OXYCODONE,
    } | fields


def dosage(value=None, unit="", *, repeat=None, **fields):
    """A dosage instruction."""
    each = {"doseAndRate": [{"doseQuantity": {"value": value, "unit": unit}}]} if value is not None else {}
    return {"timing": {"repeat": repeat or {}}} | each | fields


TWICE_A_DAY = {"frequency": 2, "period": 1, "periodUnit": "d"}


# ---- the clock ----
def test_the_clock_on_the_wall_is_kept_as_written():
    """The hour of a cortisol is part of what it means."""
    (one,) = events(observation(effectiveDateTime="2011-10-14T23:37:54.25+02:00"))
    assert one[0] == datetime(2011, 10, 14, 23, 37, 54, 250_000)


@pytest.mark.parametrize("stamp", ["2024-07-01T06:30:00Z", "2024-07-01T06:30:00+00:00"])
def test_universal_time_becomes_the_clinics_clock_where_its_zone_is_given(stamp):
    assert events(observation(effectiveDateTime=stamp), zone="Europe/Madrid")[0][0] == datetime(
        2024, 7, 1, 8, 30
    )


def test_the_clinics_clock_follows_summer_and_winter():
    stamps = ["2024-07-01T06:30:00Z", "2024-12-01T06:30:00Z"]
    found = [events(observation(effectiveDateTime=one), zone="Europe/Madrid")[0][0].hour for one in stamps]
    assert found == [8, 7]


def test_universal_time_without_a_zone_is_kept_as_written_and_counted():
    reader = reading(observation(effectiveDateTime="2024-07-01T06:30:00Z"))
    assert _clock(reader.events().time[0]) == datetime(2024, 7, 1, 6, 30)
    assert reader.warnings == {("universal_time", "Observation"): 1}


def test_a_clock_time_that_is_not_universal_is_never_converted():
    stamp = "2024-07-01T06:30:00-05:00"
    assert events(observation(effectiveDateTime=stamp), zone="Europe/Madrid")[0][0].hour == 6


@pytest.mark.parametrize(
    ("written", "begins", "over"),
    [
        ("2019", datetime(2019, 1, 1), datetime(2020, 1, 1)),
        ("2019-03", datetime(2019, 3, 1), datetime(2019, 4, 1)),
        ("2019-12", datetime(2019, 12, 1), datetime(2020, 1, 1)),
        ("2019-03-31", datetime(2019, 3, 31), datetime(2019, 4, 1)),
    ],
)
def test_a_date_is_known_when_the_stretch_it_names_is_over(written, begins, over):
    ((time, _, _, _, available),) = events(observation(effectiveDateTime=written))
    assert (time, available) == (begins, over)


def test_a_zone_nobody_knows_is_refused():
    with pytest.raises(DefinitionError, match="Europe/Madrid"):
        FhirReader(DECLARED, zone="Europe/Atlantis")


@pytest.mark.parametrize(
    "written", ["01.05.2024", "2024-13-01", "2024-02-30", "2024-05-01T25:00:00Z", "soon"]
)
def test_a_time_fhir_does_not_know_is_refused_without_being_repeated(written):
    with pytest.raises(
        RecordError, match=r"\[0\] \(Observation\): effectiveDateTime must be a date"
    ) as error:
        reading(observation(effectiveDateTime=written))
    assert written not in str(error.value)


@pytest.mark.parametrize("written", ["1899-12-31", "2100-01-01", "9999-12-31T23:59:59Z", "0001"])
def test_a_time_that_cannot_be_is_counted(written):
    reader = reading(observation(effectiveDateTime=written), zone="Europe/Madrid")
    assert reader.rejected == {("impossible_time", "Observation"): 1}


# ---- who ----
def test_a_patient_gives_birth_sex_and_death():
    patient = {
        "resourceType": "Patient",
        "id": "ann",
        "birthDate": "1960-02-03",
        "gender": "female",
        "deceasedDateTime": "2024-01-02T03:04:05+01:00",
    }
    assert events(patient) == [
        (datetime(1960, 2, 3), "MEDS_BIRTH", None, "", datetime(1960, 2, 3)),
        (None, "GENDER//F", None, "", None),
        (datetime(2024, 1, 2, 3, 4, 5), "MEDS_DEATH", None, "", datetime(2024, 1, 2, 3, 4, 5)),
    ]


def test_a_death_without_a_date_is_counted_and_gives_no_event():
    reader = reading({"resourceType": "Patient", "id": "ann", "deceasedBoolean": True})
    assert len(reader.events()) == 0
    assert reader.warnings == {("undated_death", "Patient"): 1}


@pytest.mark.parametrize(
    "reference", ["Patient/ann", "https://clinic.example/fhir/Patient/ann", "Patient/ann/_history/3"]
)
def test_a_patient_is_the_same_however_referred_to(reference):
    patient = {"resourceType": "Patient", "id": "ann", "birthDate": "1960"}
    reader = reading(patient, observation(subject={"reference": reference}))
    assert reader.subjects == {"Patient/ann": 1}


def test_a_bundles_own_addresses_lead_to_its_patients():
    patient = {"resourceType": "Patient", "id": "ann", "birthDate": "1960"}
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"fullUrl": "urn:uuid:o", "resource": observation(subject={"reference": "urn:uuid:a"})},
            {"fullUrl": "urn:uuid:a", "resource": patient},
        ],
    }
    reader = FhirReader(DECLARED)
    reader.read(bundle)
    assert reader.subjects == {"Patient/ann": 1}
    assert len(reader.events()) == 2


@pytest.mark.parametrize("subject", [None, {}, {"reference": "Group/1"}, {"identifier": {"value": "1"}}])
def test_what_is_about_no_patient_is_counted(subject):
    assert reading(observation(subject=subject)).rejected == {("no_subject", "Observation"): 1}


# ---- measurements ----
def test_a_measurement_has_its_ucum_unit_and_is_known_when_issued():
    issued = observation(
        issued="2024-05-03T10:00:00+02:00",
        valueQuantity={
            "value": 6.5,
            "unit": "points",
            "code": "{score}",
            "system": "http://unitsofmeasure.org",
        },
    )
    assert events(issued) == [
        (datetime(2024, 5, 1, 8, 30), "LOINC//72514-3", 6.5, "{score}", datetime(2024, 5, 3, 10))
    ]


def test_without_a_ucum_code_the_unit_is_taken_as_it_is_written():
    assert events(observation(valueQuantity={"value": 6, "unit": "mg/L"}))[0][3] == "mg/L"


def test_nothing_is_known_before_it_happened():
    ((time, *_, available),) = events(observation(issued="2020-01-01T00:00:00+02:00"))
    assert available == time


def test_a_measurement_over_a_period_is_known_at_its_end():
    period = {"start": "2024-05-01T08:00:00+02:00", "end": "2024-05-02T08:00:00+02:00"}
    one = observation(effectivePeriod=period)
    del one["effectiveDateTime"]
    ((time, *_, available),) = events(one)
    assert (time, available) == (datetime(2024, 5, 1, 8), datetime(2024, 5, 2, 8))


def test_the_components_of_a_blood_pressure_are_measurements_of_their_own():
    component = [
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {"value": value},
        }
        for code, value in (("8480-6", 131), ("8462-4", 80))
    ]
    panel = observation(
        code={"coding": [{"system": "http://loinc.org", "code": "55284-4"}]}, component=component
    )
    del panel["valueQuantity"]
    assert values(panel) == {"LOINC//8480-6": 131, "LOINC//8462-4": 80}


def test_a_component_without_a_value_leaves_the_others():
    told = {"code": PAIN, "valueInteger": 4}
    one = observation(component=[told, {"code": PAIN, "dataAbsentReason": {"text": "unknown"}}])
    del one["valueQuantity"]
    reader = reading(one)
    assert len(reader.events()) == 1
    assert reader.rejected == {("no_value", "Observation.component"): 1}


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("valueInteger", 7, 7),
        ("valueString", "7", 7),
        ("valueBoolean", True, 1),
        ("valueCodeableConcept", {"coding": [{"system": "http://loinc.org", "code": "LA10139-6"}]}, 7),
        ("valueCodeableConcept", {"text": "7"}, 7),
        (
            "valueCodeableConcept",
            {
                "coding": [
                    {
                        "code": "severe",
                        "extension": [
                            {"url": "http://hl7.org/fhir/StructureDefinition/ordinalValue", "valueDecimal": 7}
                        ],
                    }
                ]
            },
            7,
        ),
    ],
)
def test_a_score_may_be_given_in_several_ways(field, value, expected):
    one = observation(**{field: value})
    del one["valueQuantity"]
    assert values(one) == {"LOINC//72514-3": expected}


def test_an_answer_that_is_no_number_ends_the_code():
    smoking = observation(
        code={"coding": [{"system": "http://loinc.org", "code": "72166-2"}]},
        valueCodeableConcept={"coding": [{"system": "http://snomed.info/sct", "code": "449868002"}]},
    )
    del smoking["valueQuantity"]
    assert values(smoking) == {"LOINC//72166-2//SNOMED//449868002": None}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": "entered-in-error"}, "entered_in_error"),
        ({"status": "cancelled"}, "not_happened"),
        ({"status": "registered"}, "not_happened"),
        ({"valueQuantity": None, "dataAbsentReason": {"text": "asleep"}}, "no_value"),
        ({"valueQuantity": None, "valueString": "worse"}, "other_value"),
        ({"valueQuantity": {"unit": "mg/L"}}, "no_value"),
        ({"code": {"text": "pain"}}, "no_code"),
        ({"effectiveDateTime": None}, "no_time"),
    ],
)
def test_what_is_no_measurement_is_counted_and_why(fields, reason):
    one = {name: value for name, value in observation(**fields).items() if value is not None}
    assert reading(one).rejected == {(reason, "Observation"): 1}


def test_a_value_below_what_can_be_measured_counts_as_the_limit_and_is_noted():
    reader = reading(observation(valueQuantity={"value": 3, "comparator": "<", "code": "mg/L"}))
    assert reader.events().value.tolist() == [3]
    assert reader.warnings == {("beyond", "Observation"): 1}


# ---- codes ----
def test_of_several_codings_the_first_that_a_concept_knows_is_taken():
    known = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "M54.50"}
    strange = {"system": "http://snomed.info/sct", "code": "279039007"}
    condition = {"resourceType": "Condition", "subject": ANN, "recordedDate": "2024-01-01"}
    assert codes(condition | {"code": {"coding": [strange, known]}}) == ["ICD10CM//M54.50"]
    assert codes(condition | {"code": {"coding": [strange]}}) == ["SNOMED//279039007"]


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        ("http://www.ama-assn.org/go/cpt", "63685", "CPT//63685"),
        ("urn:oid:2.16.840.1.113883.6.96", "1", "SNOMED//1"),
        ("http://snomed.info/sct/900000000000207008/version/20240101", "1", "SNOMED//1"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "M5450", "ICD10CM//M54.50"),
        ("http://www.whocc.no/atc", "N02AA05", "ATC//N02AA05"),
        ("https://clinic.example/codes/pain-team", "block", "pain-team//block"),
        ("https://clinic.example/PR", "pain", "PR//pain"),
        ("", "MEDS_BIRTH", "LOCAL//MEDS_BIRTH"),
    ],
)
def test_a_code_system_is_called_as_the_catalogue_calls_it(system, code, expected):
    procedure = {
        "resourceType": "Procedure",
        "status": "completed",
        "subject": ANN,
        "performedDateTime": "2024-01-01",
        "code": {"coding": [{"system": system, "code": code}]},
    }
    assert codes(procedure) == [expected]


# ---- diagnoses, procedures, devices, questionnaires ----
def condition(**fields):
    coding = [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "M54.5"}]
    return {"resourceType": "Condition", "subject": ANN, "code": {"coding": coding}} | fields


def test_a_diagnosis_is_dated_by_its_onset_and_known_when_recorded():
    one = condition(onsetDateTime="2015", recordedDate="2024-05-01T09:00:00+02:00")
    assert events(one) == [
        (datetime(2015, 1, 1), "ICD10CM//M54.5", None, "", datetime(2024, 5, 1, 9)),
    ]


def test_a_diagnosis_without_onset_is_dated_by_its_record():
    assert events(condition(recordedDate="2024-05-01"))[0][0] == datetime(2024, 5, 1)


@pytest.mark.parametrize(
    ("status", "reason"), [("refuted", "refuted"), ("entered-in-error", "entered_in_error")]
)
def test_a_diagnosis_that_does_not_hold_is_counted(status, reason):
    one = condition(onsetDateTime="2015", verificationStatus={"coding": [{"code": status}]})
    assert reading(one).rejected == {(reason, "Condition"): 1}


@pytest.mark.parametrize(
    ("status", "reason"),
    [("not-done", "not_happened"), ("preparation", "not_happened"), ("entered-in-error", "entered_in_error")],
)
def test_a_procedure_that_was_not_done_is_counted(status, reason):
    one = {"resourceType": "Procedure", "status": status, "subject": ANN, "performedDateTime": "2024"}
    assert reading(one).rejected == {(reason, "Procedure"): 1}


def test_a_device_in_use_is_known_by_the_type_of_the_device():
    device = {
        "resourceType": "Device",
        "id": "d",
        "type": {"coding": [{"system": "http://snomed.info/sct", "code": "706172005"}]},
    }
    use = {
        "resourceType": "DeviceUseStatement",
        "status": "active",
        "subject": ANN,
        "timingPeriod": {"start": "2024-01-02"},
        "device": {"reference": "Device/d"},
    }
    assert events(use, device) == [
        (datetime(2024, 1, 2), "SNOMED//706172005", None, "", datetime(2024, 1, 3)),
    ]


def test_a_device_that_is_not_there_is_counted():
    use = {
        "resourceType": "DeviceUseStatement",
        "status": "active",
        "subject": ANN,
        "timingDateTime": "2024-01-02",
        "device": {"reference": "Device/d"},
    }
    assert reading(use).rejected == {("no_code", "DeviceUseStatement"): 1}


def answers(link, value, **fields):
    inner = {"linkId": link, "answer": [{"valueInteger": value}]}
    return {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "subject": ANN,
        "authored": "2024-05-01T09:00:00+02:00",
        "item": [
            {"linkId": "group", "item": [inner, {"linkId": "free", "answer": [{"valueString": "secret"}]}]}
        ],
    } | fields


@pytest.mark.parametrize("link", ["44261-6", "/44261-6", "http://loinc.org/q#44261-6"])
def test_a_questionnaire_gives_the_scores_some_concept_knows(link):
    assert values(answers(link, 14)) == {"LOINC//44261-6": 14}


def test_the_items_of_a_questionnaire_are_never_read():
    reader = reading(answers("44250-9", 2))
    assert len(reader.events()) == 0
    assert reader.rejected == {("no_value", "QuestionnaireResponse"): 1}


# ---- medicines ----
def test_a_prescription_begins_a_treatment_with_its_daily_dose():
    one = request(dosageInstruction=[dosage(1, "tablet", repeat=TWICE_A_DAY)])
    assert events(one) == [(datetime(2024, 5, 1), "RxNorm//7804", 20, "", datetime(2024, 5, 2))]


@pytest.mark.parametrize(
    ("instruction", "dose"),
    [
        (dosage(2, "", repeat={"frequency": 1, "period": 6, "periodUnit": "h"}), 80),
        (
            dosage(1, "TAB", repeat={"period": 1, "periodUnit": "wk", "dayOfWeek": ["mon", "fri"]}),
            10 / 7 * 2 / 7,
        ),
        (dosage(1, "{tbl}", repeat={"when": ["MORN", "NOON", "NIGHT"]}), 30),
        (dosage(1, "tab", repeat={"timeOfDay": ["08:00:00", "20:00:00"]}), 20),
        (dosage(15, "mg", repeat=TWICE_A_DAY), 30),
        (dosage(1, "tab", timing={"code": {"coding": [{"code": "TID"}]}}), 30),
        (dosage(1, "[iU]", repeat=TWICE_A_DAY), None),
        (dosage(1, "tab"), None),
        (dosage(5, "mL", repeat=TWICE_A_DAY), None),
    ],
)
def test_a_daily_dose_is_worked_out_from_the_instruction_or_is_not_known(instruction, dose):
    found = values(request(dosageInstruction=[instruction]))["RxNorm//7804"]
    assert found is None if dose is None else found == pytest.approx(dose, rel=1e-5)


def test_a_combination_begins_each_of_its_substances():
    name = {"text": "acetaminophen 325 MG / oxycodone hydrochloride 5 MG Oral Tablet"}
    one = request(medicationCodeableConcept=name, dosageInstruction=[dosage(1, "tab", repeat=TWICE_A_DAY)])
    assert values(one) == {"RxNorm//161": 650, "RxNorm//7804": 10}


def test_milligrams_of_a_combination_are_of_nobody_knows_which():
    name = {"text": "acetaminophen 325 MG / oxycodone hydrochloride 5 MG Oral Tablet"}
    one = request(medicationCodeableConcept=name, dosageInstruction=[dosage(10, "mg", repeat=TWICE_A_DAY)])
    assert values(one) == {"RxNorm//161": None, "RxNorm//7804": None}


def test_instructions_at_the_same_time_add_up_and_of_a_taper_the_first_counts():
    once = {"frequency": 1, "period": 1, "periodUnit": "d"}
    both = [dosage(1, "tab", repeat=once), dosage(2, "tab", repeat=once)]
    assert values(request(dosageInstruction=both)) == {"RxNorm//7804": 30}
    taper = [dosage(2, "tab", repeat=once, sequence=1), dosage(1, "tab", repeat=once, sequence=2)]
    assert values(request(dosageInstruction=taper)) == {"RxNorm//7804": 20}


def test_a_prescription_lasts_as_long_as_its_supply():
    one = request(dispenseRequest={"expectedSupplyDuration": {"value": 2, "code": "wk"}})
    assert values(one) == {"RxNorm//7804": None, "RxNorm//7804//DAYS": 14}


def test_a_prescription_lasts_as_long_as_it_was_meant_to():
    bounds = {"boundsPeriod": {"start": "2024-05-01", "end": "2024-05-30"}} | TWICE_A_DAY
    one = request(dosageInstruction=[dosage(1, "tab", repeat=bounds)])
    assert values(one) == {"RxNorm//7804": 20, "RxNorm//7804//DAYS": 30}


def test_as_needed_is_taken_as_it_was_supplied():
    supply = {
        "quantity": {"value": 30, "unit": "tab"},
        "expectedSupplyDuration": {"value": 30, "unit": "days"},
    }
    as_needed = dosage(1, "tab", repeat={"period": 4, "periodUnit": "h"}, asNeededBoolean=True)
    one = request(dosageInstruction=[as_needed], dispenseRequest=supply)
    assert values(one) == {"RxNorm//7804//PRN": 10, "RxNorm//7804//DAYS": 30}


def test_only_the_first_supply_of_a_prescription_is_counted_and_that_is_noted():
    supply = {"numberOfRepeatsAllowed": 5, "expectedSupplyDuration": {"value": 30, "unit": "d"}}
    reader = reading(request(dispenseRequest=supply))
    assert 30 in reader.events().value.tolist()
    assert reader.warnings == {("repeats", "MedicationRequest"): 1}


@pytest.mark.parametrize(
    ("reason", "ending"),
    [
        ({"coding": [{"code": "sintol"}]}, "//ADVERSE_EFFECT"),
        ({"text": "Side effects: nausea"}, "//ADVERSE_EFFECT"),
        ({"coding": [{"system": "http://snomed.info/sct", "code": "58848006"}]}, "//INEFFICACY"),
        ({"text": "ineffective"}, "//INEFFICACY"),
        ({"coding": [{"code": "surg"}]}, "//OTHER"),
        (None, ""),
    ],
)
def test_a_treatment_ends_for_the_reason_given(reason, ending):
    one = {
        "resourceType": "MedicationStatement",
        "status": "stopped",
        "subject": ANN,
        "effectivePeriod": {"start": "2023-01-01", "end": "2023-06-30"},
        "dateAsserted": "2024-05-01T10:00:00+02:00",
        "medicationCodeableConcept": OXYCODONE,
        "statusReason": [reason] if reason else [],
    }
    told = datetime(2024, 5, 1, 10)
    assert events(one) == [
        (datetime(2023, 1, 1), "RxNorm//7804", None, "", told),
        (datetime(2023, 6, 30), f"RxNorm//7804//STOP{ending}", None, "", told),
    ]


def test_a_prescription_stopped_at_an_unknown_time_has_no_stop_and_is_noted():
    reader = reading(request(status="stopped"))
    assert reader.events().codes == ("RxNorm//7804",)
    assert reader.warnings == {("undated_stop", "MedicationRequest"): 1}


def test_what_was_stopped_early_does_not_say_how_long_it_was_meant_to_last():
    """The end of the bounds is then when it stopped, which nobody knew at the beginning."""
    bounds = {"boundsPeriod": {"start": "2024-05-01", "end": "2024-05-08"}}
    one = request(status="stopped", dosageInstruction=[dosage(1, "tab", repeat=bounds)])
    assert codes(one) == ["RxNorm//7804", "RxNorm//7804//STOP"]


def test_what_was_dispensed_tells_the_dose_by_quantity_and_days():
    one = {
        "resourceType": "MedicationDispense",
        "status": "completed",
        "subject": ANN,
        "whenHandedOver": "2024-05-01T10:00:00+02:00",
        "quantity": {"value": 84, "unit": "tablets"},
        "daysSupply": {"value": 28, "unit": "days"},
        "medicationCodeableConcept": OXYCODONE,
    }
    assert values(one) == {"RxNorm//7804": 30, "RxNorm//7804//DAYS": 28}


def test_one_dose_given_is_a_day_of_treatment_and_not_its_daily_dose():
    one = {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "subject": ANN,
        "effectiveDateTime": "2024-05-01T10:00:00+02:00",
        "medicationCodeableConcept": OXYCODONE,
        "dosage": {"dose": {"value": 10, "unit": "mg"}},
    }
    assert values(one) == {"RxNorm//7804": None, "RxNorm//7804//DAYS": 1}


def test_a_patch_gives_its_rate():
    patch = {"text": "72 HR fentanyl 0.025 MG/HR Transdermal System"}
    every_third_day = {"frequency": 1, "period": 3, "periodUnit": "d"}
    one = request(
        medicationCodeableConcept=patch, dosageInstruction=[dosage(1, "patch", repeat=every_third_day)]
    )
    assert values(one) == {"RxNorm//4337": 25}


def test_a_patchs_rate_may_also_be_the_dose():
    one = request(
        medicationCodeableConcept={"text": "fentanyl transdermal patch"},
        dosageInstruction=[dosage(50, "mcg/h", repeat={"frequency": 1, "period": 72, "periodUnit": "h"})],
    )
    assert values(one) == {"RxNorm//4337": 50}


FENTANYL = [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "4337", "display": "fentanyl"}]


@pytest.mark.parametrize(
    ("concept", "instruction"),
    [
        ({"coding": FENTANYL, "text": "fentanyl 0.05 MG/ML Injection"}, {}),
        ({"coding": FENTANYL}, {"route": {"text": "Intravenous route"}}),
        ({"coding": FENTANYL}, {}),
    ],
)
def test_a_substances_code_in_another_form_is_no_treatment_with_it(concept, instruction):
    one = request(medicationCodeableConcept=concept, dosageInstruction=[instruction])
    assert codes(one) == ["RxNorm//4337//OTHER_FORM"]


def test_the_route_makes_a_patch_of_it():
    concept = {"coding": FENTANYL, "text": "fentanyl 25 mcg/hr"}
    one = request(medicationCodeableConcept=concept, dosageInstruction=[{"route": {"text": "Transdermal"}}])
    assert values(one) == {"RxNorm//4337": 25}


MEDICATION = {
    "resourceType": "Medication",
    "id": "m",
    "code": {"text": "morphine"},
    "ingredient": [
        {
            "itemCodeableConcept": {"text": "morphine sulfate"},
            "strength": {"numerator": {"value": 10, "unit": "mg"}, "denominator": {"value": 5, "unit": "mL"}},
        }
    ],
}
SPOONS = [dosage(10, "mL", repeat=TWICE_A_DAY)]


@pytest.mark.parametrize("contained", [True, False])
def test_a_medication_referred_to_is_looked_up(contained):
    one = request(
        dosageInstruction=SPOONS, medicationReference={"reference": "#m" if contained else "Medication/m"}
    )
    del one["medicationCodeableConcept"]
    given = [one | {"contained": [MEDICATION]}] if contained else [one, MEDICATION]
    assert values(*given) == {"RxNorm//7052": 40}


def test_a_medication_that_is_not_there_is_read_by_its_name_and_noted():
    one = request(medicationReference={"reference": "Medication/x", "display": "morphine 10 MG Oral Tablet"})
    del one["medicationCodeableConcept"]
    reader = reading(one)
    assert reader.events().codes == ("RxNorm//7052",)
    assert reader.warnings == {("unresolved", "MedicationRequest"): 1}


def test_a_medication_without_a_name_of_its_own_is_nobodys():
    nameless = {name: value for name, value in MEDICATION.items() if name != "id"}
    one = request()
    del one["medicationCodeableConcept"]
    assert reading(nameless, one).rejected == {("no_code", "MedicationRequest"): 1}


def test_a_product_of_no_declared_substance_is_kept_under_its_own_code():
    statin = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "312961"}]}
    assert values(request(medicationCodeableConcept=statin)) == {"RxNorm//312961": None}


@pytest.mark.parametrize(
    "fields",
    [{"status": "draft"}, {"status": "cancelled"}, {"intent": "plan"}, {"doNotPerform": True}],
)
def test_what_was_never_ordered_is_counted(fields):
    assert reading(request(**fields)).rejected == {("not_happened", "MedicationRequest"): 1}


# ---- bundles, and what is wrong with them ----
@pytest.mark.parametrize("kind", ["history", "batch-response", None, 3])
def test_a_bundle_of_another_type_is_refused(kind):
    with pytest.raises(RecordError, match="Known: batch, collection"):
        FhirReader(DECLARED).read({"resourceType": "Bundle", "type": kind})


def test_one_page_of_several_is_noted():
    reader = FhirReader(DECLARED)
    reader.read({"resourceType": "Bundle", "type": "searchset", "link": [{"relation": "next", "url": "x"}]})
    assert reader.warnings == {("more_pages", "Bundle"): 1}


def test_bundles_may_come_in_a_list():
    reader = reading(in_bundle(observation()), observation(effectiveDateTime="2024-06-01"))
    assert len(reader.events()) == 2


def test_a_bundle_whose_entries_are_no_list_is_refused():
    with pytest.raises(RecordError, match=r"The bundle \(Bundle\): entry must be a list of objects"):
        FhirReader(DECLARED).read(in_bundle(observation()) | {"entry": {}}, "The bundle")


def test_types_that_are_not_read_are_counted():
    reader = reading({"resourceType": "Claim"}, {"resourceType": "Claim"}, {"resourceType": "Wish"})
    assert reader.rows == 3
    assert reader.rejected == {("other_type", "Claim"): 2, ("other_type", "Wish"): 1}


def in_bundle(resource):
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": resource}]}


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ("text", r"entry\[0\] \(resource\): it must be a JSON object"),
        ({"resourceType": 5}, r"entry\[0\] \(resource\): resourceType must be the name"),
        (observation(code="pain"), r"entry\[0\] \(Observation\): code must be an object"),
        (observation(status=7), r"entry\[0\] \(Observation\): status must be text"),
        (observation(component={}), r"entry\[0\] \(Observation\): component must be a list of objects"),
        (observation(valueQuantity={"value": "secret"}), r"value must be a number"),
        (observation(valueQuantity={"value": 1e39}), r"value must be a number of ordinary size"),
        (observation(valueQuantity={"value": math.nan}), r"value must be a number"),
        (observation(valueQuantity={"value": 10**400}), r"value must be a number"),
        (observation(valueQuantity={"value": True}), r"value must be a number"),
    ],
)
def test_what_is_malformed_is_named_by_its_place_and_not_repeated(resource, said):
    with pytest.raises(RecordError, match=said) as error:
        FhirReader(DECLARED).read(in_bundle(resource), "The bundle")
    assert "secret" not in str(error.value)


def test_what_is_malformed_is_counted_where_a_million_others_are_fine():
    wrong, fine = observation(code="pain"), observation()
    reader = reading(wrong, fine, strict=False)
    assert len(reader.events()) == 1
    assert reader.rejected == {("malformed", "Observation"): 1}


# ---- laws ----
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["2024-05-01", "9999-12-31T23:59:59Z", "urn:uuid:x", "#m", "Patient/ann", 10**400, [[]], {}]
    ),
    st.lists(st.one_of(st.none(), st.text(max_size=3), st.just({})), max_size=2),
)
SAMPLES = [
    {"resourceType": "Patient", "id": "ann", "birthDate": "1960", "gender": "male", "deceasedBoolean": False},
    observation(component=[{"code": PAIN, "valueInteger": 4}], issued="2024-05-02T00:00:00Z"),
    condition(onsetPeriod={"start": "2015"}, verificationStatus={"coding": [{"code": "confirmed"}]}),
    request(
        dosageInstruction=[
            dosage(1, "tab", repeat=TWICE_A_DAY | {"boundsPeriod": {"start": "2024", "end": "2025"}})
        ],
        dispenseRequest={"quantity": {"value": 3}, "expectedSupplyDuration": {"value": 2, "unit": "d"}},
        contained=[MEDICATION],
    ),
    answers("44261-6", 3),
    MEDICATION,
]


def _paths(node, here=()):
    """Every place of a JSON value."""
    yield here
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        yield from _paths(value, (*here, key))


@st.composite
def mutated_bundles(draw):
    """A good bundle with some of its values exchanged for others, or fields moved."""
    entry = [{"fullUrl": f"urn:uuid:{n}", "resource": one} for n, one in enumerate(SAMPLES)]
    bundle = copy.deepcopy({"resourceType": "Bundle", "type": "transaction", "link": [], "entry": entry})
    for _ in range(draw(st.integers(1, 4))):
        *way, last = draw(st.sampled_from(list(_paths(bundle))[1:]))
        node = bundle
        for step in way:
            node = node[step]
        node[last] = copy.deepcopy(draw(VALUES))
    return bundle


@settings(max_examples=400)
@given(mutated_bundles())
def test_any_bundle_gives_events_or_a_complaint(bundle):
    reader = FhirReader(DECLARED, zone="Europe/Madrid")
    try:
        reader.read(bundle)
    except RecordError:
        return
    collect(reader.events(), DECLARED)
    assert {reason for reason, _ in reader.rejected} <= set(REASONS)
    assert {word for word, _ in reader.warnings} <= set(WARNINGS)


@settings(max_examples=400)
@given(mutated_bundles())
def test_where_what_is_wrong_is_counted_every_resource_is_accounted_for(bundle):
    """Each is an event, or left out for a reason, or a definition, or says nothing."""
    reader = FhirReader(DECLARED, strict=False)
    try:
        reader.read(bundle)
    except RecordError:  # the bundle itself is none
        return
    assert reader.rows == (len(bundle["entry"] or ()) if bundle["resourceType"] == "Bundle" else 1)
    assert sum(reader.given.values()) <= reader.rows
    assert len(collect(reader.events(), DECLARED)[0]) <= len(reader.events())


@given(st.permutations(SAMPLES))
def test_the_order_of_a_bundles_resources_does_not_matter(resources):
    assert sorted(events(*resources), key=str) == sorted(events(*SAMPLES), key=str)


def test_nesting_without_end_is_no_trouble():
    item: dict = {"linkId": "44261-6", "answer": [{"valueInteger": 5}]}
    for _ in range(50_000):
        item = {"linkId": "x", "item": [item]}
    reader = reading(answers("x", 1, item=[item]))
    assert reader.rejected == {("no_value", "QuestionnaireResponse"): 1}


def test_reading_needs_nothing_but_plain_json_values():
    bundle = json.loads(json.dumps(in_bundle(observation())))
    reader = FhirReader(DECLARED)
    reader.read(bundle)
    assert len(reader.events()) == 1

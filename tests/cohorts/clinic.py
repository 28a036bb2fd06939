"""Small histories around the first day of an intervention, written as (days after it, code, value)."""

import numpy as np

from painresponse.clinic import Catalogue
from painresponse.records import Asks, Records, collect
from painresponse.records.rows import history
from painresponse.scoring.golden import stacked
from tests.lib.tables import table

DAY_0 = np.datetime64("2020-06-01T10:00:00")
DAY = 86_400_000_000
PAIN, GENERATOR, LEAD, EXPLANT = "LOINC//72514-3", "CPT//63685", "CPT//63650", "CPT//63688"
LEAD_OUT = "CPT//63661"
RFA, BLOCK, DIAGNOSTIC, PUMP = "CPT//64635", "CPT//64483", "CPT//64493//DIAGNOSTIC", "CPT//62362"

Event = tuple[float, str] | tuple[float, str, float]


def records_of(catalogue: Catalogue, *patients: list[Event]) -> Records:
    """Patients 1, 2, … as records."""
    parts = [_patient(number, events) for number, events in enumerate(patients, start=1)]
    return collect(stacked(parts), catalogue.concepts)[0]


def _patient(number: int, events: list[Event]):
    times = [str(DAY_0 + np.timedelta64(round(one[0] * 1440), "m")) for one in events]
    values = [one[2] if len(one) == 3 else None for one in events]
    return history(times, [one[1] for one in events], values, subject=number)


def days(moments: np.ndarray) -> list[float]:
    """Instants as days after the first day of the intervention."""
    return ((moments - DAY_0.astype("datetime64[us]").astype(np.int64)) / DAY).round(3).tolist()


def ask(*, days_after: float, subject: int = 1) -> Asks:
    """One question."""
    index = DAY_0.astype("datetime64[us]").astype(np.int64) + round(days_after * DAY)
    return Asks(np.array([subject]), np.array([index]))


WORDS = {
    "pain": PAIN,
    "lead": LEAD,
    "paddle lead": "CPT//63655",
    "generator": GENERATOR,
    "lead with generator": "CPT//0784T",
    "generator revised or removed": EXPLANT,
    "lead removed": LEAD_OUT,
    "lead revised": "CPT//63663",
    "stimulator explanted": "PR//scs_explant",
    "spinal injection": "CPT//62323",
    "intrathecal trial": "CPT//62323//INTRATHECAL_TRIAL",
    "pump": PUMP,
    "pump removed": "CPT//62365",
    "facet block": "CPT//64493",
    "diagnostic facet block": DIAGNOSTIC,
    "therapeutic facet block": "CPT//64493//THERAPEUTIC",
    "epidural": BLOCK,
    "ablation": RFA,
    "pulsed radiofrequency": "CPT//64999//PULSED_RF",
    "basivertebral ablation": "CPT//64628",
    "programme": "HCPCS//G3002",
    "programme doctor": "PR//mpp_medical",
    "programme nurse": "PR//mpp_nursing",
    "physiotherapy": "CPT//97110",
    "specialised physiotherapy": "CPT//97110//SPECIALISED",
    "psychotherapy": "CPT//90834",
    "pain psychotherapy": "CPT//90834//PAIN_CBT",
}
"""What the tables of these specifications call a code."""


def table_of(catalogue: Catalogue, text: str) -> Records:
    """One patient's history as a table of ``day | what [| value]``; days count from any day."""
    rows = [(float(row["day"]), WORDS[row["what"]], row.get("value")) for row in table(text)]
    return records_of(
        catalogue, [(day, code, float(value)) if value else (day, code) for day, code, value in rows]
    )

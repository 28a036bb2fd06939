"""The example record and its page, made once."""

import pytest

from painresponse.report.page import report_html
from tests.report import example


@pytest.fixture(scope="session")
def record():
    return example.record()


@pytest.fixture(scope="session")
def page(record):
    return report_html(record)

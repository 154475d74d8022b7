"""Names that are too long for their place are broken where a reader would."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meantime.tools.report.breaking import broken


def test_a_name_is_broken_behind_a_dot_or_an_underscore():
    assert broken("sequential.lambda_handler", 22) == "sequential.lambda_\nhandler"
    assert broken("sequential.lambda_handler", 17) == "sequential.\nlambda_handler"


def test_a_name_that_fits_stays_as_it_is():
    assert broken("app.handler", 11) == "app.handler"


def test_what_has_no_place_to_be_broken_stays_whole():
    assert broken("internationalisation", 8) == "internationalisation"


@given(st.text("ab._/:-", max_size=60), st.integers(1, 30))
def test_nothing_is_lost(text, width):
    assert broken(text, width).replace("\n", "") == text

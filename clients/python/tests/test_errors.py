"""Failures as values."""

from __future__ import annotations

import pickle

from berth_client import InfraError


def test_a_failure_is_whole_on_the_other_side_of_a_pickle() -> None:
    failure = InfraError("overloaded", "Full.", remedy="Wait.", retryable=True, status=429, request_id="r1", retry_after_s=7.0)
    again = pickle.loads(pickle.dumps(failure))
    assert type(again) is InfraError
    assert (str(again), vars(again)) == (str(failure), vars(failure))

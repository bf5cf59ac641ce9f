from datetime import date

from lending.holds import Hold
from lending.loans import lend, renew


def test_a_loan_is_renewed_from_today():
    loan = lend("30112", "1007", date(2026, 1, 1))
    renew(loan, [], date(2026, 1, 10))
    assert loan.due_date == date(2026, 1, 31)


def test_a_copy_that_somebody_waits_for_is_not_renewed():
    loan = lend("30112", "1007", date(2026, 1, 1))
    try:
        renew(loan, [Hold("30112", "1008", date(2026, 1, 2))], date(2026, 1, 10))
    except ValueError:
        return
    raise AssertionError

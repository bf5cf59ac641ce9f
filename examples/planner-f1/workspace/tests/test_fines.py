from datetime import date

from lending.fines import fine_of
from lending.loans import Loan


def test_each_day_late_costs():
    assert fine_of(Loan("30112", "1007", date(2026, 1, 1)), date(2026, 1, 4)) == 60

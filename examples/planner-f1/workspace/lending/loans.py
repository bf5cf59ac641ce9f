from dataclasses import dataclass
from datetime import date, timedelta

from lending import settings
from lending.holds import first_waiting


@dataclass
class Loan:
    barcode: str
    card_number: str
    due_date: date
    renewals: int = 0


def lend(barcode, card_number, today):
    return Loan(barcode, card_number, today + timedelta(days=settings.loan_days))


def renew(loan, holds, today):
    if loan.renewals >= settings.max_renewals or first_waiting(holds, loan.barcode):
        raise ValueError("this loan cannot be renewed")
    loan.due_date = today + timedelta(days=settings.loan_days)
    loan.renewals += 1

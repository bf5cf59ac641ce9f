from dataclasses import dataclass
from datetime import date


@dataclass
class Hold:
    barcode: str
    card_number: str
    since: date


def first_waiting(holds, barcode):
    waiting = [hold for hold in holds if hold.barcode == barcode]
    return min(waiting, key=lambda hold: hold.since, default=None)

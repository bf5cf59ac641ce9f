from dataclasses import dataclass

from lending import settings


@dataclass
class Member:
    card_number: str
    name: str
    email: str
    owes: int = 0


def may_borrow(member):
    return member.owes <= settings.fine_ceiling

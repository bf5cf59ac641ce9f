from lending import settings


def fine_of(loan, today):
    late = max(0, (today - loan.due_date).days)
    return min(late * settings.daily_fine, settings.fine_ceiling)

from lending.fines import fine_of


def overdue_notice(member, loan, today):
    cents = fine_of(loan, today)
    return f"Dear {member.name},\n{loan.barcode} was due on {loan.due_date}. You owe {cents / 100:.2f}.\n"


def hold_notice(member, copy):
    return f"Dear {member.name},\n{copy.title} waits for you at the desk.\n"

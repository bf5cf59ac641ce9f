from lending.copies import by_shelf
from lending.fines import fine_of


def overdue(loans, today):
    return [(loan.barcode, fine_of(loan, today)) for loan in loans if loan.due_date < today]


def shelf_list(copies):
    return "\n".join(f"{copy.shelf_mark}  {copy.title}" for copy in by_shelf(copies))

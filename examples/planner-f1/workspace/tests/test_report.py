from lending.copies import Copy
from lending.report import shelf_list


def test_copies_are_listed_by_shelf():
    copies = [Copy("2", "Emma", "B 4"), Copy("1", "Ulysses", "A 9")]
    assert shelf_list(copies) == "A 9  Ulysses\nB 4  Emma"

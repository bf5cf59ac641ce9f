from dataclasses import dataclass


@dataclass
class Copy:
    barcode: str
    title: str
    shelf_mark: str


def by_shelf(copies):
    return sorted(copies, key=lambda copy: (copy.shelf_mark, copy.barcode))

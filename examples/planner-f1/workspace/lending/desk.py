import argparse
from datetime import date

from lending.loans import lend, renew
from lending.report import overdue, shelf_list
from lending.store import load_state, save_state


def main():
    parser = argparse.ArgumentParser(prog="lending")
    parser.add_argument("command", choices=["lend", "renew", "overdue", "shelves"])
    parser.add_argument("--state", default="state.json")
    parser.add_argument("--card")
    parser.add_argument("--barcode")
    options = parser.parse_args()
    state = load_state(options.state)
    if options.command == "lend":
        state["loans"].append(lend(options.barcode, options.card, date.today()))
    elif options.command == "renew":
        renew(next(loan for loan in state["loans"] if loan.barcode == options.barcode), state["holds"], date.today())
    elif options.command == "overdue":
        print(overdue(state["loans"], date.today()))
    else:
        print(shelf_list(state["copies"]))
    save_state(options.state, state)

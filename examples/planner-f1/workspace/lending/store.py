import json
import os

FORMAT = 1


def load_state(path):
    with open(path, encoding="utf-8") as file:
        state = json.load(file)
    if state["format"] > FORMAT:
        raise ValueError("written by a newer version")
    return state


def save_state(path, state):
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump({**state, "format": FORMAT}, file)
    os.replace(path + ".new", path)

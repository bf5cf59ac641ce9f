from lending.store import load_state, save_state


def test_what_was_saved_is_loaded(tmp_path):
    path = str(tmp_path / "state.json")
    save_state(path, {"loans": []})
    assert load_state(path)["loans"] == []

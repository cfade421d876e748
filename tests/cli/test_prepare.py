"""`fascore prepare` as a user calls it."""


def test_prepare_fills_the_store_that_the_run_then_finds(program):
    told = program("prepare", "spec.json", "--processes", "2")
    assert "prepared" in told.stdout + told.stderr

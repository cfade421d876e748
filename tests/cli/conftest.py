import pytest


@pytest.fixture
def distributions(tmp_path):
    """A folder for PYTHONPATH with `count` fake packages, each of which offers one encoder and one module that must not be imported."""

    def make(count):
        site = tmp_path / "site"
        for number in range(count):
            name = f"fas-fake{number}"
            info = site / f"fas_fake{number}-1.0.dist-info"
            info.mkdir(parents=True)
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            (info / "entry_points.txt").write_text(f"[fascore.v1.encoder]\nfake{number}.net = fas_fake{number}:Net\n")
            (site / f"fas_fake{number}.py").write_text("raise ImportError('the index imported a plugin')\n")
        return site

    return make

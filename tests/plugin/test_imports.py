"""How pytest imports us."""

from __future__ import annotations

from pathlib import Path

from tests.plugin.inner_runs import InnerProject

TESTS = """
    @pytest.mark.scenario("three-products")
    def test_what_starts_services(postgres, dynamodb):
        look(postgres, dynamodb)
        loaders = {name: type(module.__spec__.loader).__name__
            for name, module in sys.modules.items()
            if name.startswith("pytest_seedstate.") and ".plugin" not in name}
        assert "pytest_seedstate.engine.fleet" in loaders
        assert "pytest_seedstate.stores.postgres.journal" in loaders
        assert "AssertionRewritingHook" not in loaders.values()
"""


def test_modules_that_threads_import_are_not_rewritten(tmp_path: Path) -> None:
    """To make syntax trees in several threads at once fails now and then, see the plugin."""
    run = InnerProject(tmp_path, TESTS).run()

    assert run.code == 0, run.output

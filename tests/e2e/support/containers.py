"""Fixtures of the tests in containers: an engine, the images, and what one test makes there."""

import pytest

from support.docker import Engine, NoEngine, Yard
from support.images import Images


@pytest.fixture(scope="session")
def engine(root):
    """A container engine."""
    if not (root / "dist" / "db-entry").is_file():
        pytest.skip("dist/db-entry is not there: make static")
    made = Engine()
    try:
        made.start()
    except NoEngine as why:
        pytest.skip(f"no container engine: {why}")
    yield made
    made.stop()


@pytest.fixture(scope="session")
def images(engine):
    return Images(engine)


@pytest.fixture
def yard(engine):
    """Where one test puts its containers, volumes and network."""
    made = Yard(engine)
    yield made
    made.close()

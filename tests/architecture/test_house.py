"""Is it still the house? Sizes, floors, data and docs in step."""

import ast
import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.command import upgrade
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from ostiary import config
from ostiary.store.engine import open_engine, prepare_schema, writing
from ostiary.store.migrations import config as migration_config
from ostiary.store.tables import HEAD, metadata

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    path for path in (ROOT / "src").rglob("*.py") if path.parent.name != "versions"
)
"""Migrations are left out: they are never edited after they are released."""
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
"""Lines that fit a screen."""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rooms_are_small(path: Path) -> None:
    """A module has at most 400 lines, a function fits a screen."""
    text = path.read_text()
    long = [
        f"{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]

    assert len(text.splitlines()) <= LONGEST_MODULE
    assert long == []


def test_there_are_no_unfinished_marks() -> None:
    """Nothing in src says that it is not done."""
    marks = re.compile(r"\b(TODO|FIXME|XXX)\b|NotImplementedError|pragma: no cover")
    found = [str(path) for path in MODULES if marks.search(path.read_text())]

    assert found == []


def test_only_the_server_reads_a_clock_or_makes_randomness() -> None:
    """Everybody else takes `now` and `mint` as arguments."""
    banned = {("time", "time"), ("os", "urandom"), ("datetime", "now")}
    modules = {"random", "secrets", "uuid"}
    found = []
    for path in MODULES:
        if "server" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found += [path for name in node.names if name.name in modules]
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                found += [path] if (node.value.id, node.attr) in banned else []

    assert found == []


def test_nothing_is_performed_before_the_decision() -> None:
    """Each way to an answer in the gate stands behind the one decision."""
    source = (ROOT / "src/ostiary/gate/enforce.py").read_text()
    tree = ast.parse(source)
    calls = [
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]

    assert calls.count("_perform") == 1
    assert calls.count("decide") == 1
    decided = source.index("self.decider.decide(")
    for way in ("self._perform(", "self.door.perform(", "begun = answer_to("):
        assert decided < source.index(way)
    performers = [
        path.name
        for path in MODULES
        if re.search(r"\.(door|local)\.perform\(", path.read_text())
    ]
    assert performers == ["enforce.py"]


def test_migrations_and_tables_are_in_step(tmp_path: Path) -> None:
    """Migrating from nothing gives the tables that a new database gets at once."""
    engine = open_engine(f"sqlite:///{tmp_path}/migrated.db")
    with writing(engine) as connection, connection.begin():
        settings = migration_config(connection)
        upgrade(settings, "head")
        heads = ScriptDirectory.from_config(settings).get_heads()
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert heads == [HEAD]
    assert differences == []


def test_an_older_database_is_migrated_when_it_is_opened(tmp_path: Path) -> None:
    """What the first schema holds is there after the start, beside what is new."""
    engine = open_engine(f"sqlite:///{tmp_path}/old.db")
    with writing(engine) as connection, connection.begin():
        upgrade(migration_config(connection), "0001")
        connection.exec_driver_sql(
            "INSERT INTO account VALUES ('111122223333', 'old', 'old', '', 1)"
        )
    prepare_schema(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        kept = connection.exec_driver_sql("SELECT name FROM account").scalar()

        assert context.get_current_revision() == HEAD
        assert compare_metadata(context, metadata) == []
        assert kept == "old"


def test_a_new_database_needs_no_migration(tmp_path: Path) -> None:
    """What is made at once says that it is migrated, and is left alone."""
    engine = open_engine(f"sqlite:///{tmp_path}/new.db")
    prepare_schema(engine)
    prepare_schema(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)

        assert context.get_current_revision() == HEAD
        assert compare_metadata(context, metadata) == []


def test_every_setting_is_documented() -> None:
    """docs/settings.md names each environment variable and table of the file."""
    page = (ROOT / "docs/settings.md").read_text()

    for name in config._ENVIRONMENT | config._SERVER:
        assert name in page
    for table in config._TABLES:
        assert f"[{table}" in page


def test_every_dependency_is_explained() -> None:
    """docs/dependencies.md has a word for each package that we ask for."""
    page = (ROOT / "docs/dependencies.md").read_text().lower()
    project = (ROOT / "pyproject.toml").read_text()
    asked = re.search(r"^dependencies = \[(.*?)^\]", project, re.DOTALL | re.MULTILINE)
    assert asked is not None

    for name in re.findall(r'"([a-z0-9-]+)', asked[1]):
        assert name in page


def test_locks_name_no_place() -> None:
    """The locks hold names, versions and hashes, and no address."""
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()

        assert "://" not in text
        assert "index" not in re.sub(r"--hash\S+", "", text)
        assert text.count("==") <= text.count("--hash=")


def test_links_in_the_docs_lead_somewhere() -> None:
    """Every relative link of README and docs has a target."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
        if not (page.parent / target).exists()
    ]

    assert broken == []

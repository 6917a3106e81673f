"""Prisma, Drizzle, Alembic and Django themselves: each finds applied what Parity ran, and the other way round."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from packages.parity.tests.sandbox import test_migrations, test_team_tools
from packages.parity.tests.sandbox.test_migrations import DATABASE, MIGRATOR, OWNER, PASSWORD
from packages.parity.tests.sandbox.test_team_tools import effects, run
from parity.config import migrations
from parity.config.migrations import BEFORE
from parity.releases import render
from support.team_tools import TOOLS, TeamTool

if TYPE_CHECKING:
    from pathlib import Path

    from packages.parity.tests.sandbox.test_migrations import Database
    from parity.config.migrations import Migration

pytestmark = [pytest.mark.sandbox, pytest.mark.live]

database, empty = test_migrations.database, test_team_tools.empty

NODE = {"prisma": "6.19.3", "@prisma/adapter-pg": "7.10.1", "drizzle-orm": "0.45.4", "pg": "8.23.1"}
"""Prisma 6 has the schema engine as WebAssembly; the adapter of 7 knows the type `name`, and that of 6 does not."""
PYTHON = ("alembic==1.17.2", "Django==5.2.19")
NOTHING = {
    "prisma": "No pending migrations to apply.",
    "drizzle": "",
    "alembic": "",
    "django": "No migrations to apply.",
}
"""What each says where nothing is left."""
RAN = {"drizzle": "Query: insert into", "alembic": "Running upgrade"}
"""What each says of a step that it runs, where it says nothing of none."""

PRISMA_CONFIG = """\
import { PrismaPg } from '@prisma/adapter-pg'
export default {
  experimental: { adapter: true },
  engine: 'js',
  schema: 'schema.prisma',
  migrations: { path: 'db' },
  adapter: async () => new PrismaPg({ connectionString: process.env.DATABASE_URL }, { schema: 'shop' }),
}
"""
PRISMA_SCHEMA = """\
datasource db {
  provider = "postgresql"
  url      = env("DATABASE_URL")
}
model items {
  id    Int     @id @default(autoincrement())
  cents BigInt?
}
"""
DRIZZLE = """\
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
const db = drizzle(process.env.DATABASE_URL, { logger: true })
await migrate(db, { migrationsFolder: 'db' })
await db.$client.end()
"""
ALEMBIC_ENV = """\
import logging, os
from alembic import context
from sqlalchemy import create_engine
logging.basicConfig(level=logging.INFO)
url = os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:")
if context.is_offline_mode():
    context.configure(url=url)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""
ALEMBIC_STEPS = {
    "4bff08a779bc": ('op.create_table("items", sa.Column("id", sa.Integer(), primary_key=True), '
                     'sa.Column("price", sa.Integer()), sa.Column("cents", sa.BigInteger()))'),
    "848bdfaff3bf": 'op.execute("update items set cents = price * 100 where cents is null")',
    "24f69df34fcd": 'op.drop_column("items", "price")',
}  # fmt: skip
DJANGO_MANAGE = """\
import os
from django.conf import settings
from django.core.management import execute_from_command_line
settings.configure(
    INSTALLED_APPS=["shop"],
    DATABASES={"default": {
        "ENGINE": "django.db.backends.postgresql", "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"],
        "NAME": os.environ["NAME"], "USER": os.environ["ROLE"], "PASSWORD": os.environ["PASSWORD"],
    }},
)
execute_from_command_line()
"""
DJANGO_STEPS = {
    "0001_items": 'migrations.CreateModel("Item", [("id", models.BigAutoField(primary_key=True)), '
                  '("price", models.IntegerField(null=True)), ("cents", models.BigIntegerField(null=True))])',
    "0002_fill": 'migrations.RunSQL("update shop_item set cents = price * 100 where cents is null")',
    "0003_price": 'migrations.RemoveField("item", "price")',
}  # fmt: skip


def before(steps: dict[str, str], at: int) -> str | None:
    return list(steps)[at - 1] if at else None


def alembic(steps: int) -> dict[str, str]:
    head = "from alembic import op\nimport sqlalchemy as sa\n"
    return {"alembic.ini": "[alembic]\nscript_location = %(here)s\n", "env.py": ALEMBIC_ENV} | {
        f"versions/{each}.py": f"{head}revision = {each!r}\ndown_revision = {before(ALEMBIC_STEPS, at)!r}\n"
        f"def upgrade():\n    {does}\n"
        for at, (each, does) in enumerate([*ALEMBIC_STEPS.items()][:steps])
    }


def django(steps: int) -> dict[str, str]:
    head = "from django.db import migrations, models\nclass Migration(migrations.Migration):\n"
    return {"manage.py": DJANGO_MANAGE, "shop/__init__.py": "", "shop/migrations/__init__.py": ""} | {
        f"shop/migrations/{each}.py": f"{head}    dependencies = {[('shop', before(DJANGO_STEPS, at))] if at else []}\n"
        f"    operations = [{does}]\n"
        for at, (each, does) in enumerate([*DJANGO_STEPS.items()][:steps])
    }


def plain(tool: TeamTool, steps: int) -> dict[str, str]:
    """The folder of Prisma or Drizzle, whose journal lists what is there."""
    files = {f"db/{name}": text for name, text in tool.files.items()}
    for name in sorted(name for name in files if name.endswith(".sql"))[steps:]:
        del files[name]
    if journal := files.get("db/meta/_journal.json"):
        read = json.loads(journal)
        files["db/meta/_journal.json"] = json.dumps({**read, "entries": read["entries"][:steps]})
    return {**files, "prisma.config.ts": PRISMA_CONFIG, "schema.prisma": PRISMA_SCHEMA, "migrate.mjs": DRIZZLE}


class Project:
    """A team's own project of one tool, with the tool."""

    def __init__(self, tool: TeamTool, root: Path, environment: dict[str, str]) -> None:
        own = (sys.executable, "-m", "alembic") if tool.name == "alembic" else (sys.executable, "manage.py")
        self.tool, self.root, self.environment = tool, root, environment
        self.declared = replace(tool, files={}, more={**tool.more, "command": own} if tool.more else {}).write(root)
        self.words = {
            "prisma": ("../node_modules/.bin/prisma", "migrate", "deploy"), "drizzle": ("node", "migrate.mjs"),
            "alembic": (*own, "upgrade", "head"), "django": (*own, "migrate"),
        }[tool.name]  # fmt: skip

    def write(self, steps: int) -> tuple[Migration, ...]:
        """Write the first steps, as the tool wants them; gives what Parity reads of them."""
        python = {"alembic": alembic, "django": django}.get(self.tool.name)
        for name, text in (python(steps) if python else plain(self.tool, steps)).items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)
        if python:
            render.render(self.root, self.declared)
        return migrations.of(self.root, self.declared)

    def migrate(self) -> str:
        """What the tool says as it applies what is not applied."""
        done = subprocess.run(
            self.words, cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


def installed(folder: Path, *words: str) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"{' '.join(words)} failed: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("Prisma and Drizzle need npm and node, which are not on PATH")
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": NODE}))
    installed(folder, npm, "install", "--no-audit", "--no-fund", "--ignore-scripts")
    return folder


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("python")
    installed(folder, sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), *PYTHON)
    return folder


@pytest.fixture(params=["prisma", "drizzle", "alembic", "django"])
def project(
    request: pytest.FixtureRequest, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Project:
    name: str = request.param
    home: Path = request.getfixturevalue("python" if name in {"alembic", "django"} else "node")
    at = database.sandbox.environment
    own = {
        "PYTHONPATH": str(home), "NAME": DATABASE, "ROLE": MIGRATOR, "PASSWORD": PASSWORD, "NO_COLOR": "1",
        "DATABASE_URL": f"postgresql://{MIGRATOR}:{quote(PASSWORD)}@{at['PGHOST']}:{at['PGPORT']}/{DATABASE}",
        # Nothing asks Prisma's native engines, which are a download: any file stands for them.
        "PRISMA_QUERY_ENGINE_LIBRARY": __file__, "PRISMA_SCHEMA_ENGINE_BINARY": __file__, "CHECKPOINT_DISABLE": "1",
    }  # fmt: skip
    for each, value in own.items():
        monkeypatch.setenv(each, value)  # `render` has the tool inherit them
    if name == "drizzle":  # begins with CREATE SCHEMA IF NOT EXISTS, for which the migrator has no right
        with database.sandbox.postgres(DATABASE) as administrator:
            administrator.execute(f"grant create on database {DATABASE} to {OWNER}")
    root = home / tmp_path.name if name in {"prisma", "drizzle"} else tmp_path
    root.mkdir(exist_ok=True)
    return Project(next(each for each in TOOLS if each.name == name), root, dict(os.environ))


def finds_nothing_left(project: Project) -> None:
    said, name = project.migrate(), project.tool.name
    assert NOTHING[name] in said
    assert name not in RAN or RAN[name] not in said


def test_the_tool_finds_nothing_left_of_three_steps_that_parity_ran(database: Database, project: Project):
    run(database, *project.write(3))
    assert effects(database) == ["expand", "data", "contract"]
    assert database.ask(project.tool.rows) == project.tool.expected
    finds_nothing_left(project)


def test_parity_runs_the_third_step_where_the_tool_ran_two(database: Database, project: Project):
    database.do("drop table shop.log")  # Prisma begins in an empty schema alone, and Drizzle makes the schema
    if project.tool.name == "drizzle":
        database.do("drop schema shop")
    project.write(2)
    said = project.migrate()
    assert RAN.get(project.tool.name, "") in said
    assert database.ask("select to_regclass('parity.migrations') is null") == [(True,)]
    run(database, *project.write(3))
    assert effects(database) == [BEFORE, BEFORE, "contract"]
    assert database.ask(project.tool.rows) == project.tool.expected
    finds_nothing_left(project)

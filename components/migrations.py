"""The Migrations component: a database's files of SQL, each run once, before the releases that need it or after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi import Input, ResourceOptions

from parity.config import migrations
from parity.provider.resource import Migration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.database import Login
    from parity.config import parameters


@dataclass(frozen=True)
class MigrationsArgs:
    """What Migrations needs."""

    files: Sequence[migrations.Migration]
    """Oldest first."""
    how: parameters.Migrations
    database: Input[str]
    """The database's name on the server."""
    server: str
    """The server's name; empty for the one without."""
    migrator: Login
    needs: Sequence[pulumi.Resource]
    """What must exist before the first one runs."""


class Migrations(pulumi.ComponentResource):
    """A database's migrations, one resource a file, each after the one before it.

    Owns: that each file is applied, once, as the migrator. Those up to the last one that adds or moves data run before
    the newest release is built. The contractions behind them run after the switch, so that what a release before it
    reads is there until then.

    Does not own: the tables that they make. Destroying undoes nothing: what is applied stays applied.
    """

    def __init__(self, name: str, args: MigrationsArgs, opts: ResourceOptions | None = None) -> None:
        """Declare those that run before a release."""
        super().__init__("parity:components:Migrations", name, None, opts)
        self._name = name
        self._args = args
        self._last: pulumi.Resource | None = None
        before, self._after = migrations.parts(args.files)
        self._declare(before, args.needs)
        self.before_release: Sequence[pulumi.Resource] = [self._last] if self._last else []
        self.register_outputs({})

    def after_switch(self, live: Sequence[pulumi.Resource]) -> None:
        """Declare those that run once these releases are live."""
        self._declare(self._after, [*live, *(() if self._last else self._args.needs)])

    def _declare(self, files: Sequence[migrations.Migration], needs: Sequence[pulumi.Resource]) -> None:
        for each in files:
            self._last = self._migration(each, [*([self._last] if self._last else []), *needs])
            needs = ()

    def _migration(self, file: migrations.Migration, after: Sequence[pulumi.Resource]) -> Migration:
        args = self._args
        return Migration(
            f"{self._name.removesuffix('s')}-{file.number:04}",
            database=args.database,
            server=args.server or None,
            number=file.number,
            file=file.file,
            effect=file.effect,
            sql=file.sql,
            sha256=file.sha256,
            tool=file.tool if file.rows else None,
            rows=dict(file.rows) if file.rows else None,
            follows=args.how.follows or None,
            lock_timeout_milliseconds=args.how.lock_timeout_milliseconds,
            attempts=args.how.attempts,
            role=args.migrator.role,
            password=args.migrator.password,
            opts=ResourceOptions(parent=self, depends_on=list(after)),
        )

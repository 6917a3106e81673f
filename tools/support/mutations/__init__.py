"""Every way in which what is there may come to differ from what was declared, made through the vendors' own interfaces.

What there is to change is not the detector's list: it comes from the providers' own classes (each property of each
resource that the program declares), from GitHub's and Vercel's descriptions of what may be written, and from the
columns of PostgreSQL's catalogues. What none of these can change in place stands in a table with the reason, and a test
holds that nothing is in neither.
"""

from support.mutations.added import ADDED, CROSS_STACK, REPOSITORY_WIDE, RIGHTS
from support.mutations.besides import BESIDES, BESIDES_ADDED, BESIDES_REMOVED, declared
from support.mutations.github import GITHUB
from support.mutations.postgres import MIGRATED, MIGRATION, POSTGRES, migrate
from support.mutations.removed import CONTAINERS, LAST, removals
from support.mutations.switched import MOVED, SWITCHED
from support.mutations.vercel import PROJECT, REST, VARIABLES
from support.mutations.world import DATABASE, OWNER, REPO, STACK, Mutation, World

__all__ = [
    "ADDED", "BESIDES", "BESIDES_ADDED", "BESIDES_REMOVED", "CHANGED", "CONTAINERS", "CROSS_STACK", "DATABASE", "GITHUB", "LAST", "MIGRATED", "MIGRATION", "MOVED", "OWNER", "POSTGRES", "PROJECT",
    "REPO", "REPOSITORY_WIDE", "REST", "RIGHTS", "STACK", "SWITCHED", "VARIABLES", "VERCEL", "Mutation", "World", "declared", "migrate",
    "removals",
]  # fmt: skip

VERCEL = (*PROJECT, *VARIABLES, *REST)
CHANGED = (*VERCEL, *GITHUB, *POSTGRES)

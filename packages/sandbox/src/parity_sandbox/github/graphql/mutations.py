"""What GraphQL's mutations write, through the same rules as the REST routes."""

from __future__ import annotations

from dataclasses import dataclass

from parity_sandbox.context import Context
from parity_sandbox.github.calls import Call
from parity_sandbox.github.errors import ValidationFailed
from parity_sandbox.github.graphql.objects import (
    Unserved,
    comment,
    issue_or_pull,
    refuse,
    repository,
    subject,
    unresolved,
)
from parity_sandbox.github.ids import node_id
from parity_sandbox.github.state import issues, pulls, repositories
from parity_sandbox.github.state.collections import collection, held
from parity_sandbox.store import Document

_TEXTS = ("title", "body")
_UNKEPT = ("assigneeIds", "projectIds", "milestoneId")


@dataclass(frozen=True)
class Mutations:
    """The mutations, by GitHub's names; the endpoint adds `clientMutationId` to what each gives."""

    _call: Call

    @property
    def _context(self) -> Context:
        return self._call.context

    def createIssue(self, input: Document) -> Document:  # noqa: A002, N802 - GitHub's names
        """A new issue."""
        refuse(**{name: input.get(name) for name in _UNKEPT})
        found = self._repository(input["repositoryId"])
        body = {name: input[name] for name in _TEXTS if name in input}
        body["labels"] = self._labels(found, input.get("labelIds") or [])
        return self._issue(found, issues.create(self._context, found, body))

    def updateIssue(self, input: Document) -> Document:  # noqa: A002, N802 - GitHub's names
        """Another title or text."""
        return self._edited(input["id"], {name: input[name] for name in _TEXTS if name in input})

    def closeIssue(self, input: Document) -> Document:  # noqa: A002, N802 - GitHub's names
        """Close it."""
        reason = str(input.get("stateReason") or "COMPLETED").lower()
        return self._edited(input["issueId"], {"state": "closed", "state_reason": reason})

    def reopenIssue(self, input: Document) -> Document:  # noqa: A002, N802 - GitHub's names
        """Open it again."""
        return self._edited(input["issueId"], {"state": "open"})

    def addComment(self, input: Document) -> Document:  # noqa: A002, N802 - GitHub's names
        """A new comment on an issue or a pull request."""
        found, row = self._subject(input["subjectId"])
        made = issues.create_comment(self._context, row, {"body": input["body"]})
        return {"commentEdge": {"node": comment(self._context, found, made)}}

    def addLabelsToLabelable(self, input: Document) -> Document:  # noqa: A002, N802 - GitHub's names
        """More labels."""
        found, row = self._subject(input["labelableId"])
        issues.add_labels(self._context, row, self._labels(found, input["labelIds"]))
        return {}

    def removeLabelsFromLabelable(self, input: Document) -> Document:  # noqa: A002, N802 - GitHub's names
        """Fewer labels."""
        found, row = self._subject(input["labelableId"])
        for name in self._labels(found, input["labelIds"]):
            row = issues.remove_label(self._context, row, name)
        return {}

    def createPullRequest(self, input: Document) -> Document:  # noqa: A002, N802 - GitHub's names
        """A new pull request."""
        found = self._repository(input["repositoryId"])
        body = {name: input[name] for name in (*_TEXTS, "draft") if name in input}
        body |= {"head": input["headRefName"], "base": input["baseRefName"]}
        return self._pull(found, pulls.create(self._context, found, body))

    def updatePullRequest(self, input: Document) -> Document:  # noqa: A002, N802 - GitHub's names
        """Another title, text or set of labels."""
        refuse(**{name: input.get(name) for name in _UNKEPT})
        found, _ = self._subject(input["pullRequestId"])
        body: Document = {name: input[name] for name in _TEXTS if name in input}
        if "labelIds" in input:
            body["labels"] = self._labels(found, input["labelIds"] or [])
        return self._edited(input["pullRequestId"], body)

    def closePullRequest(self, input: Document) -> Document:  # noqa: A002, N802 - GitHub's names
        """Close it without a merge."""
        return self._edited(input["pullRequestId"], {"state": "closed"})

    def reopenPullRequest(self, input: Document) -> Document:  # noqa: A002, N802 - GitHub's names
        """Open it again."""
        return self._edited(input["pullRequestId"], {"state": "open"})

    def mergePullRequest(self, input: Document) -> Document:  # noqa: A002, N802 - GitHub's names
        """Merge it with a merge commit."""
        found, row = self._subject(input["pullRequestId"])
        if input.get("mergeMethod", "MERGE") != "MERGE":
            raise Unserved("The sandbox merges with a merge commit only. Nothing happened.")
        expected = input.get("expectedHeadOid")
        if row["state"] != "open" or expected not in {None, pulls.head_sha(self._context, row)}:
            raise ValidationFailed(message="Pull Request is not mergeable")
        pulls.merge(self._context, found, row)
        return self._pull(found, pulls.pull(self._context, found["id"], row["number"]))

    def archiveRepository(self, input: Document) -> Document:  # noqa: A002, N802 - GitHub's names
        """Make a repository read-only."""
        return self._archived(input, archived=True)

    def unarchiveRepository(self, input: Document) -> Document:  # noqa: A002, N802 - GitHub's names
        """Let a repository be written again."""
        return self._archived(input, archived=False)

    # --- What an id names -----------------------------------------------------------------------------------------

    def _repository(self, given: str) -> Document:
        return repositories.writable(self._found(given))

    def _found(self, given: str) -> Document:
        for each in collection(self._context, "repositories").all():
            if node_id("R", each["id"]) == given:
                return each
        raise unresolved("a node", f"global id of '{given}'")

    def _archived(self, input_: Document, *, archived: bool) -> Document:
        found = self._found(input_["repositoryId"])
        changed = (
            repositories.edit(self._context, found, {"archived": archived}) if found["archived"] != archived else found
        )
        return {"repository": repository(self._context, changed)}

    def _subject(self, given: str) -> tuple[Document, Document]:
        found, row = subject(self._context, given)
        return repositories.writable(found), row

    def _labels(self, found: Document, given: list[str]) -> list[str]:
        known = {
            node_id("LA", found["id"], each["id"]): str(each["name"])
            for each in held(self._context, "labels", found["id"])
        }
        unknown = [each for each in given if each not in known]
        if unknown:
            raise unresolved("a node", f"global id of '{unknown[0]}'")
        return [known[each] for each in given]

    def _edited(self, given: str, body: Document) -> Document:
        found, row = self._subject(given)
        changed = issues.edit(self._context, row, body)
        return self._issue(found, changed) if row["pull"] is None else self._pull(found, changed)

    def _issue(self, found: Document, row: Document) -> Document:
        return {"issue": issue_or_pull(self._context, found, row)}

    def _pull(self, found: Document, row: Document) -> Document:
        return {"pullRequest": issue_or_pull(self._context, found, row)}

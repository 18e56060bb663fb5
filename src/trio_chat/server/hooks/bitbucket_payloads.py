"""Payloads of Bitbucket, of its cloud and of Data Center, as those of GitHub, which say the same.

Shapes: support.atlassian.com/bitbucket-cloud/docs/event-payloads,
confluence.atlassian.com/bitbucketserver/event-payload.
"""

from collections.abc import Iterator
from typing import Any

from trio_chat.server.hooks.forge_payloads import from_forge
from trio_chat.server.hooks.values import HookMessage, at, dict_at, first_text, list_at, text_at

_MOST = 5
"""Changes of one push that are shown."""
_ACTIONS = {
    "created": "opened",
    "opened": "opened",
    "fulfilled": "merged",
    "merged": "merged",
    "rejected": "closed",
    "declined": "closed",
    "deleted": "deleted",
}
_REVIEWS = {
    "approved": "approved",
    "reviewer:approved": "approved",
    "changes_request_created": "changes_requested",
    "reviewer:needs_work": "changes_requested",
    "unapproved": "unapproved",
}
_COMMENTS = ("comment_created", "comment:added", "commit_comment_created")
_FAILURES = {"FAILED": "failure", "ERROR": "failure", "STOPPED": "cancelled"}


def from_bitbucket(event: str, payload: Any) -> HookMessage:
    """Return what an event says; nothing for one that is not worth a message.

    Args:
        event: the header `X-Event-Key`.
        payload: the payload.
    """
    user = {"login": first_text(dict_at(payload, "actor"), "nickname", "name", "display_name")}
    common = {"repository": {"full_name": _where(payload)}, "sender": user, "pusher": user}
    found = (from_forge(name, common | fields).text for name, fields in _events(event, payload))
    return HookMessage("\n".join(filter(None, found)))


def _where(payload: Any) -> str:
    pull_request = dict_at(payload, "pullRequest")
    repository = dict_at(payload, "repository") or dict_at(pull_request, "toRef", "repository")
    project, slug = text_at(repository, "project", "key"), text_at(repository, "slug")
    return text_at(repository, "full_name") or "/".join(filter(None, (project, slug)))


def _events(event: str, payload: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield events of GitHub, each with what is special in its payload."""
    kind, _, action = event.partition(":")
    number, request = "pull_request", _numbered(payload, "pullrequest", "pullRequest")
    if kind == "issue":
        number, request = "issue", _numbered(payload, "issue")
    if event == "diagnostics:ping":
        yield "ping", {}
    elif event in ("repo:push", "repo:refs_changed"):
        yield from _pushes(payload)
    elif action in _COMMENTS:
        about = {} if request["number"] is None else {number: request}
        yield "issue_comment", {"comment": _comment(payload), **about}
    elif action in _REVIEWS:
        review = {"state": _REVIEWS[action]}
        yield "pull_request_review", {"action": "submitted", "review": review, number: request}
    elif kind in ("pullrequest", "pr", "issue"):
        name = "issues" if kind == "issue" else number
        yield name, {"action": _ACTIONS.get(action, ""), number: request}
    elif kind == "repo" and dict_at(payload, "commit_status"):
        yield from _failure(dict_at(payload, "commit_status"))
    elif event in ("repo:fork", "repo:forked"):
        fork = dict_at(payload, "fork")
        yield "fork", {"forkee": {"full_name": text_at(fork, "full_name"), "html_url": _url(fork)}}


def _url(value: Any) -> str:
    return text_at(value, "links", "html", "href") or text_at(value, "links", "self", 0, "href")


def _numbered(payload: Any, *names: str) -> dict[str, Any]:
    what = next((found for name in names if (found := dict_at(payload, name))), {})
    return {"number": at(what, "id"), "title": at(what, "title"), "html_url": _url(what)}


def _comment(payload: Any) -> dict[str, Any]:
    comment = dict_at(payload, "comment")
    text = text_at(comment, "content", "raw") or text_at(comment, "text")
    commit = text_at(payload, "commit", "hash") or text_at(payload, "commit")
    return {"body": text, "html_url": _url(comment), "commit_id": commit}


def _pushes(payload: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    changes = list_at(payload, "push", "changes") or list_at(payload, "changes")
    for change in changes[:_MOST]:
        new, old, ref = dict_at(change, "new"), dict_at(change, "old"), dict_at(change, "ref")
        word = text_at(change, "type")  # of Data Center
        branch = new or old or {"name": text_at(ref, "displayId"), "type": text_at(ref, "type")}
        is_tag = text_at(branch, "type").lower() == "tag"
        is_gone = word == "DELETE" if ref else not new
        commits = list_at(change, "commits") or (list_at(payload, "commits") if ref else [])
        yield (
            "push",
            {
                "ref": f"refs/{'tags' if is_tag else 'heads'}/{text_at(branch, 'name')}",
                "before": "1" if word == "UPDATE" or old else "",
                "after": "0" if is_gone else "1",
                "forced": at(change, "forced"),
                "compare": _url(change),
                "commits": [
                    {
                        "id": first_text(commit, "hash", "id"),
                        "message": text_at(commit, "message"),
                    }
                    for commit in commits
                    if isinstance(commit, dict)
                ],
            },
        )


def _failure(status: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    run = {
        "name": first_text(status, "name", "key"),
        "head_branch": text_at(status, "refname"),
        "conclusion": _FAILURES.get(text_at(status, "state"), ""),
        "html_url": text_at(status, "url"),
    }
    yield "workflow_run", {"action": "completed", "workflow_run": run}

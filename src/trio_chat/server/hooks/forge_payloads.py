"""Payloads of code forges: GitHub, Gitea, Forgejo and Gogs; GitLab.

Shapes: docs.github.com/webhooks/webhook-events-and-payloads, docs.gitea.com/usage/webhooks,
docs.gitlab.com/user/project/integrations/webhook_events.
"""

from collections.abc import Callable
from typing import Any

from trio_chat.server.hooks.markup import (
    GREEN,
    GREY,
    ORANGE,
    RED,
    bold,
    coloured,
    comment_line,
    first_line,
    plain,
)
from trio_chat.server.hooks.values import HookMessage, at, dict_at, first_text, list_at, text_at

_MOST_COMMITS = 5
_MOST_PAGES = 5
_HEX = 7
_SHOWN_ACTIONS = frozenset(
    (
        "opened",
        "closed",
        "reopened",
        "merged",
        "ready_for_review",
        "transferred",
        "deleted",
        "created",
        "submitted",
        "published",
        "released",
        "started",
        "dismissed",
        "completed",
    )
)
"""Actions that are worth a message; others, such as `labeled`, come in flocks."""
_QUIET = frozenset(
    (
        "check_run",
        "check_suite",
        "workflow_job",
        "status",
        "deployment",
        "page_build",
        "meta",
        "star",
        "watch",
        "label",
        "milestone",
        "repository_import",
        "pull_request_review_thread",
        "secret_scanning_alert_location",
    )
)
_SURROUNDINGS = ("repository", "sender", "organization", "enterprise", "installation")
"""What most events have besides what they are about."""
_CONCLUSIONS = {
    "success": GREEN,
    "recovered": GREEN,
    "failure": RED,
    "timed_out": RED,
    "cancelled": GREY,
}


def is_forge(payload: Any) -> bool:
    """Return whether a payload is one of GitHub, Gitea, Forgejo or Gogs."""
    return not dict_at(payload).keys().isdisjoint((*_SURROUNDINGS, "action", "zen"))


def from_forge(event: str, payload: Any) -> HookMessage:
    """Return what an event of GitHub, Gitea, Forgejo or Gogs says; nothing for one that is not
    worth a message.

    Args:
        event: the header `X-GitHub-Event`, or that of another forge.
        payload: the payload.
    """
    handler = _EVENTS.get(event)
    if handler is None:
        if event in _QUIET or not event:
            return HookMessage("")
        handler = _other(event)
    text = handler(payload)
    if not text:
        return HookMessage("")
    where = first_line(first_text(dict_at(payload, "repository"), "full_name", "name"), 100)
    where = where or first_line(text_at(payload, "organization", "login"), 100)
    return HookMessage(f"{bold(where)}: {text}" if where else text)


def _who(payload: Any, *path: str) -> str:
    user = dict_at(payload, *(path or ("sender",)))
    return first_line(first_text(user, "login", "username", "name", "full_name"), 60) or "somebody"


def _branch(ref: str) -> str:
    return first_line(ref.removeprefix("refs/heads/").removeprefix("refs/tags/"), 100)


def _commit(commit: Any) -> str:
    short = first_line(text_at(commit, "id"))[:_HEX]
    return f"  {coloured(short, ORANGE)} {first_line(text_at(commit, 'message'), 120)}"


def _push(payload: Any) -> str:
    commits = [each for each in list_at(payload, "commits") if isinstance(each, dict)]
    ref, pusher = text_at(payload, "ref"), _who(payload, "pusher")
    pusher = _who(payload) if pusher == "somebody" else pusher
    after = text_at(payload, "after")
    if after and (at(payload, "deleted") is True or not after.strip("0")):
        return f"{pusher} deleted {_branch(ref)}"
    if not commits and at(payload, "forced") is True:
        return f"{pusher} force-pushed {_branch(ref)} {plain(text_at(payload, 'compare'))}".rstrip()
    if not commits:
        kind = "tag" if ref.startswith("refs/tags/") else "branch"
        made = at(payload, "created") is True or text_at(payload, "before").strip("0") == ""
        return f"{pusher} pushed the {kind} {_branch(ref)}" if made else ""
    how = "force-pushed" if at(payload, "forced") is True else "pushed"
    total = at(payload, "total_commits")
    count = total if isinstance(total, int) and total > len(commits) else len(commits)
    noun = "commit" if count == 1 else "commits"
    url = plain(first_text(payload, "compare", "compare_url"))
    head = f"{pusher} {how} {count} {noun} to {bold(_branch(ref))} {url}".rstrip()
    lines = [_commit(commit) for commit in commits[:_MOST_COMMITS]]
    if count > len(lines):
        lines.append(f"  … and {count - len(lines)} more")
    return "\n".join((head, *lines))


def _numbered(payload: Any, name: str, noun: str) -> str:
    """Return an action on an issue or a pull request."""
    action, what = text_at(payload, "action"), dict_at(payload, name)
    if action not in _SHOWN_ACTIONS:
        return ""
    if name == "pull_request" and action == "closed" and at(what, "merged") is True:
        action = "merged"
    colour = {"opened": GREEN, "reopened": GREEN, "closed": RED, "merged": ORANGE}.get(action, GREY)
    number = text_at(what, "number") or text_at(payload, "number")
    title = first_line(text_at(what, "title"), 200)
    done = coloured(action.replace("_", " "), colour)
    url = plain(text_at(what, "html_url"))
    return f"{_who(payload)} {done} {noun} #{number} {bold(title)} {url}".rstrip()


def _issues(payload: Any) -> str:
    return _numbered(payload, "issue", "issue")


def _pull_request(payload: Any) -> str:
    return _numbered(payload, "pull_request", "pull request")


def _comment(payload: Any) -> str:
    if text_at(payload, "action") not in ("created", ""):
        return ""
    comment = dict_at(payload, "comment")
    names = ("issue", "pull_request", "discussion")
    what = next((found for name in names if (found := dict_at(payload, name))), {})
    about = f"#{text_at(what, 'number')}" if what else text_at(comment, "commit_id")[:_HEX]
    title = bold(first_line(text_at(what, "title"), 120))
    head = " ".join(filter(None, (_who(payload), "commented on", first_line(about, 30), title)))
    url = plain(text_at(comment, "html_url"))
    return f"{head}: {comment_line(text_at(comment, 'body'))} {url}".rstrip()


_VERDICTS = {
    "approved": coloured("approved", GREEN),
    "changes requested": "asks for changes in",
    "rejected": "asks for changes in",
    "dismissed": "dismissed a review of",
    "unapproved": "withdrew the approval of",
}


def _review_or_comment(payload: Any) -> str:
    """Return a review of Gitea that only comments, or a comment."""
    return _review(payload) if dict_at(payload, "review") else _comment(payload)


def _review(payload: Any) -> str:
    if text_at(payload, "action") not in ("submitted", "reviewed", "dismissed"):
        return ""
    review, what = dict_at(payload, "review"), dict_at(payload, "pull_request")
    state = first_text(review, "state", "type").lower()
    state = state.removeprefix("pull_request_review_").replace("_", " ")  # that of Gitea
    body = comment_line(first_text(review, "body", "content"))
    if state in ("commented", "comment") and not body:
        return ""
    done = _VERDICTS.get(state, "reviewed")
    title = bold(first_line(text_at(what, "title"), 160))
    head = f"{_who(payload)} {done} pull request #{text_at(what, 'number')} {title}"
    url = plain(first_text(review, "html_url")) or plain(text_at(what, "html_url"))
    return " ".join(filter(None, (head, body, url)))


def _created(payload: Any) -> str:
    kind = text_at(payload, "ref_type")
    if kind == "branch" and "commits" in dict_at(payload):
        return ""
    return f"{_who(payload)} created the {first_line(kind, 20)} {_branch(text_at(payload, 'ref'))}"


def _deleted(payload: Any) -> str:
    kind = first_line(text_at(payload, "ref_type"), 20)
    return f"{_who(payload)} deleted the {kind} {_branch(text_at(payload, 'ref'))}"


def _release(payload: Any) -> str:
    if text_at(payload, "action") != "published":  # GitHub sends `created` and `released`, too
        return ""
    release = dict_at(payload, "release")
    if at(release, "draft") is True:
        return ""
    name = first_line(first_text(release, "name", "tag_name"), 120)
    url = plain(text_at(release, "html_url"))
    return f"{_who(payload)} published the release {bold(name)} {url}".rstrip()


def _workflow(payload: Any) -> str:
    run = dict_at(payload, "workflow_run")
    result = text_at(run, "conclusion")
    if text_at(payload, "action") != "completed" or result in ("success", "skipped", ""):
        return ""
    shown = coloured(first_line(result, 20).replace("_", " "), _CONCLUSIONS.get(result, ORANGE))
    name = first_line(first_text(run, "name", "display_title", "path"), 80)
    branch = _branch(text_at(run, "head_branch"))
    return f"{bold(name)} on {branch}: {shown} {plain(text_at(run, 'html_url'))}".rstrip()


def _action_run(payload: Any) -> str:
    """Return that a run of Forgejo has failed, or the first one after that has not."""
    run = dict_at(payload, "run")
    fields = {
        "conclusion": text_at(payload, "action"),
        "name": first_text(run, "title", "workflow_id"),
        "head_branch": first_text(run, "prettyref", "head_branch"),
    }
    return _workflow({"action": "completed", "workflow_run": run | fields})


def _deployment_status(payload: Any) -> str:
    """Return that a deployment has failed; others have a message for each of their steps."""
    status = dict_at(payload, "deployment_status")
    state = text_at(status, "state")
    if state not in ("failure", "error"):
        return ""
    where = text_at(status, "environment") or text_at(payload, "deployment", "environment")
    url = plain(first_text(status, "log_url", "target_url"))
    return f"deployment to {bold(first_line(where, 80))}: {coloured(state, RED)} {url}".rstrip()


def _ping(payload: Any) -> str:
    zen = first_line(text_at(payload, "zen"), 120)
    return "the webhook works" + (f": {zen}" if zen else "")


def _fork(payload: Any) -> str:
    fork = dict_at(payload, "forkee")
    name = first_line(text_at(fork, "full_name"), 100)
    url = plain(text_at(fork, "html_url"))
    # Gitea names the two the other way round.
    is_origin = at(payload, "repository", "fork") is True and at(fork, "fork") is not True
    return f"{_who(payload)} forked it {'from' if is_origin else 'to'} {name} {url}".rstrip()


def _discussion(payload: Any) -> str:
    return _numbered(payload, "discussion", "discussion")


def _wiki(payload: Any) -> str:
    pages = list_at(payload, "pages") or [payload]
    lines = [_page(_who(payload), page) for page in pages[:_MOST_PAGES]]
    if len(pages) > len(lines):
        lines.append(f"  … and {len(pages) - len(lines)} more")
    return "\n".join(lines)


def _page(who: str, page: Any) -> str:
    title = first_line(first_text(page, "title", "page_name", "page"), 120)
    action = text_at(page, "action")
    done = {"created": "added to", "deleted": "deleted from"}.get(action, "edited")
    return f"{who} {done} the wiki: {title} {plain(text_at(page, 'html_url'))}".rstrip()


def _other(event: str) -> Callable[[Any], str]:
    def handler(payload: Any) -> str:
        action = text_at(payload, "action")
        if action and action not in _SHOWN_ACTIONS:
            return ""
        name = first_line(event, 60).replace("_", " ")
        words = (f"{_who(payload)}: {name}", first_line(action, 40), *_subject(event, payload))
        return " ".join(filter(None, words))

    return handler


def _subject(event: str, payload: Any) -> tuple[str, str]:
    """Return the title and the address of what an event is about, such as an alert."""
    subject: Any = next(
        (
            each
            for key, each in dict_at(payload).items()
            if (key == event or key not in _SURROUNDINGS) and text_at(each, "html_url")
        ),
        {},
    )
    title = (
        text_at(subject, "security_advisory", "summary")
        or text_at(subject, "rule", "description")
        or first_text(subject, "title", "summary", "secret_type_display_name", "full_name", "name")
    )
    title = first_line(title, 200)
    return bold(title) if title else "", plain(text_at(subject, "html_url"))


_EVENTS: dict[str, Callable[[Any], str]] = {
    "push": _push,
    "issues": _issues,
    "issue": _issues,
    "issue_comment": _comment,
    "commit_comment": _comment,
    "pull_request": _pull_request,
    "pull_request_comment": _review_or_comment,
    "pull_request_review": _review,
    "pull_request_review_comment": _comment,
    "pull_request_approved": _review,
    "pull_request_rejected": _review,
    "create": _created,
    "delete": _deleted,
    "release": _release,
    "workflow_run": _workflow,
    "action_run": _action_run,
    "action_run_failure": _action_run,
    "action_run_recover": _action_run,
    "ping": _ping,
    "fork": _fork,
    "deployment_status": _deployment_status,
    "discussion": _discussion,
    "discussion_comment": _comment,
    "gollum": _wiki,
    "wiki": _wiki,
}


def is_gitlab(payload: Any) -> bool:
    """Return whether a payload is one of GitLab."""
    return bool(first_text(payload, "object_kind", "event_name"))


def from_gitlab(payload: Any) -> HookMessage:
    """Return what an event of GitLab says; nothing for one that is not worth a message."""
    kind = first_text(payload, "object_kind", "event_name")  # the second of some system hooks
    handler = _GITLAB.get(kind)
    text = handler(payload) if handler else ""
    where = first_line(text_at(payload, "project", "path_with_namespace"), 100)
    return HookMessage(f"{bold(where)}: {text}" if where and text else text)


def _gitlab_user(payload: Any) -> str:
    name = first_text(payload, "user_username", "user_name")
    return first_line(name or first_text(dict_at(payload, "user"), "username", "name"), 60)


def _gitlab_push(payload: Any) -> str:
    pusher = {"login": _gitlab_user(payload)}
    compare = {"compare": f"{text_at(payload, 'project', 'web_url')}/-/commits/{_ref(payload)}"}
    total = {"total_commits": at(payload, "total_commits_count")}
    return _push({**dict_at(payload), **compare, **total, "pusher": pusher})


def _ref(payload: Any) -> str:
    return _branch(text_at(payload, "ref"))


_GITLAB_ACTIONS = {
    "open": "opened",
    "close": "closed",
    "reopen": "reopened",
    "merge": "merged",
    "approved": "approved",
    "approval": "approved",  # by one of several people that have to
    "unapproved": "withdrew the approval of",
    "unapproval": "withdrew the approval of",
}


def _gitlab_numbered(payload: Any) -> str:
    what = dict_at(payload, "object_attributes")
    action = _GITLAB_ACTIONS.get(text_at(what, "action"), "")
    if not action:
        return ""
    is_request = text_at(payload, "object_kind") == "merge_request"
    kind = first_line(text_at(what, "type"), 20).lower() or "issue"
    noun, sign = ("merge request", "!") if is_request else (kind, "#")
    title = bold(first_line(text_at(what, "title"), 200))
    url = plain(text_at(what, "url"))
    number = text_at(what, "iid")
    return f"{_gitlab_user(payload)} {action} {noun} {sign}{number} {title} {url}".rstrip()


def _gitlab_note(payload: Any) -> str:
    note = dict_at(payload, "object_attributes")
    if text_at(note, "action") not in ("create", ""):
        return ""
    names = ("merge_request", "issue", "snippet")
    what = next((found for name in names if (found := dict_at(payload, name))), {})
    commit = dict_at(payload, "commit")
    title = bold(first_line(text_at(what, "title") or text_at(commit, "message"), 120))
    text = comment_line(text_at(note, "note"))
    about = title or first_line(text_at(note, "noteable_type"), 30)
    return f"{_gitlab_user(payload)} commented on {about}: {text} {plain(text_at(note, 'url'))}"


def _gitlab_pipeline(payload: Any) -> str:
    what = dict_at(payload, "object_attributes")
    if text_at(what, "status") != "failed":
        return ""
    ref = first_line(text_at(what, "ref"), 100)
    url = plain(text_at(what, "url"))
    return f"the pipeline on {ref} {coloured('failed', RED)} {url}".rstrip()


def _gitlab_release(payload: Any) -> str:
    if text_at(payload, "action") != "create":
        return ""
    name = first_line(first_text(payload, "name", "tag"), 120)
    return f"the release {bold(name)} was published {plain(text_at(payload, 'url'))}".rstrip()


def _gitlab_deployment(payload: Any) -> str:
    if text_at(payload, "status") != "failed":
        return ""
    where = bold(first_line(text_at(payload, "environment"), 80))
    url = plain(text_at(payload, "deployable_url"))
    return f"deployment to {where}: {coloured('failed', RED)} {url}".rstrip()


def _gitlab_vulnerability(payload: Any) -> str:
    what = dict_at(payload, "object_attributes")
    words = [first_line(text_at(what, name), 20) for name in ("severity", "state")]
    title = bold(first_line(text_at(what, "title"), 200))
    head = " ".join(filter(None, (words[0], "vulnerability", words[1])))
    return f"{head}: {title} {plain(text_at(what, 'url'))}".rstrip()


def _gitlab_wiki(payload: Any) -> str:
    what = dict_at(payload, "object_attributes")
    action = {"create": "created", "delete": "deleted"}.get(text_at(what, "action"), "edited")
    page = {"title": at(what, "title"), "html_url": at(what, "url"), "action": action}
    return _wiki({"sender": {"login": _gitlab_user(payload)}, "pages": [page]})


_GITLAB: dict[str, Callable[[Any], str]] = {
    "push": _gitlab_push,
    "tag_push": _gitlab_push,
    "issue": _gitlab_numbered,
    "work_item": _gitlab_numbered,
    "merge_request": _gitlab_numbered,
    "note": _gitlab_note,
    "pipeline": _gitlab_pipeline,
    "release": _gitlab_release,
    "deployment": _gitlab_deployment,
    "wiki_page": _gitlab_wiki,
    "vulnerability": _gitlab_vulnerability,
}

"""What payloads of senders of webhooks say."""

import encodings
import json
import sys
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hook_payloads as payloads
from trio_chat.chat.history import Record
from trio_chat.chat.hooks import LOBBY, Hook
from trio_chat.irc.tag_names import HOOKS
from trio_chat.irc.text import strip_formatting
from trio_chat.server.hooks.formats import BadPayload, Received, UnknownType, read
from trio_chat.server.hooks.markup import (
    LONGEST,
    first_line,
    from_html,
    from_markdown,
    from_mrkdwn,
    plain,
)
from trio_chat.server.hooks.posted import body_of
from trio_chat.server.hooks.values import HookMessage

Headers = dict[str, str]


def received(payload: Any, event: str = "", suffix: str = "", **headers: str) -> Received:
    """Return what is read of a payload."""
    found: Headers = {"content-type": "application/json", **headers}
    if event:
        found["x-github-event"] = event
    return read(found, json.dumps(payload).encode(), suffix)


def lines(payload: Any, event: str = "", **headers: str) -> list[str]:
    """Return the lines of a message, without formatting."""
    return strip_formatting(received(payload, event, **headers).message.text).split("\n")


def test_blocks_of_slack() -> None:
    """Each kind of block with a text is shown; the text for notifications is not."""
    assert lines(payloads.SLACK_BLOCKS) == [
        "Deploy of shop",
        "ann deployed build 42 (https://ci.example/42) & more",
        "Stage",
        "production",
        "took 3 min",
        "logo by ci",
        "Roll back (https://ci.example/42/back)",
        "• one",
        "• https://x.example/two",
    ]
    assert received(payloads.SLACK_BLOCKS).message.name == "Deploys"


def test_attachments_of_slack() -> None:
    """With their fields; the fallback is shown where there is nothing else."""
    assert lines(payloads.SLACK_ATTACHMENT) == [
        "Look, channel: @U024BE7LH",
        "● Build failed",
        "ci",
        "shop #42 (https://ci.example/42)",
        "2 of 310 tests",
        "Branch: main",
        "CI",
        "only a fallback",
    ]


def rich(*elements: Any) -> Any:
    """Return a section of rich text."""
    return {"type": "rich_text_section", "elements": list(elements)}


@pytest.mark.parametrize(
    ("block", "shown"),
    [
        (
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": "done"},
                "accessory": {
                    "type": "button",
                    "text": {"type": "plain_text", "text": "View"},
                    "url": "https://a.example/",
                },
            },
            ["done", "View (https://a.example/)"],
        ),
        (
            {
                "type": "video",
                "title": {"type": "plain_text", "text": "tour"},
                "title_url": "https://a.example/",
            },
            ["tour (https://a.example/)"],
        ),
        (
            {
                "type": "table",
                "rows": [[{"type": "raw_text", "text": "a"}, rich({"type": "text", "text": "b"})]],
            },
            ["a | b"],
        ),
        (
            {
                "type": "rich_text",
                "elements": [
                    rich(
                        {"type": "user", "user_id": "U1"},
                        {"type": "channel", "channel_id": "C1"},
                        {"type": "broadcast", "range": "here"},
                        {"type": "date", "timestamp": 1, "fallback": " in 1970"},
                        {"type": "other", "text": "!"},
                    )
                ],
            },
            ["@U1#C1here in 1970!"],
        ),
        (
            {
                "type": "rich_text",
                "elements": [
                    {
                        "type": "rich_text_list",
                        "style": "ordered",
                        "elements": [rich({"type": "text", "text": word}) for word in "ab"],
                    }
                ],
            },
            ["1. a", "2. b"],
        ),
        (
            {
                "type": "rich_text",
                "elements": [
                    {
                        "type": "rich_text_list",
                        "style": "bullet",
                        "indent": 1,
                        "elements": [rich({"type": "text", "text": "a"})],
                    },
                    {
                        "type": "rich_text_list",
                        "style": "ordered",
                        "offset": 2,
                        "elements": [rich({"type": "text", "text": word}) for word in "bc"],
                    },
                ],
            },
            ["  • a", "3. b", "4. c"],
        ),
        (
            {
                "type": "video",
                "title": {"type": "plain_text", "text": "tour"},
                "title_url": "https://a.example/",
                "description": {"type": "plain_text", "text": "of the shop"},
            },
            ["tour (https://a.example/)", "of the shop"],
        ),
        (
            {
                "type": "card",
                "title": {"type": "mrkdwn", "text": "*Disk*"},
                "body": {"type": "mrkdwn", "text": "full"},
            },
            ["Disk", "full"],
        ),
        (
            {
                "type": "actions",
                "elements": [
                    {"type": "button", "text": {"type": "plain_text", "text": word}, "url": url}
                    for word, url in (("Approve", None), ("View", "https://a.example/"))
                ],
            },
            ["View (https://a.example/)"],
        ),
    ],
)
def test_a_block_of_slack(block: Any, shown: list[str]) -> None:
    """docs.slack.dev/reference/block-kit/blocks."""
    assert lines({"blocks": [block]}) == shown


@pytest.mark.parametrize(
    ("style", "code"), [("bold", "\x02"), ("italic", "\x1d"), ("strike", "\x1e"), ("code", "\x11")]
)
def test_styles_of_rich_text(style: str, code: str) -> None:
    """Each is one of IRC."""
    text = {"type": "text", "text": "x", "style": {style: True}}
    block = {"type": "rich_text", "elements": [rich(text)]}
    assert received({"blocks": [block]}).message.text == f"{code}x{code}"


def test_the_author_of_an_attachment() -> None:
    """It may have an address."""
    author = {"author_name": "ann", "author_link": "https://a.example/", "text": "full"}
    assert lines({"attachments": [author]}) == ["ann (https://a.example/)", "full"]


def test_media_of_an_attachment() -> None:
    """Rocket.Chat has videos and sounds besides pictures; each is shown as its address."""
    media = {f"{kind}_url": f"https://{kind}.example/" for kind in ("audio", "video", "image")}
    assert lines({"attachments": [media]}) == [
        "https://image.example/",
        "https://video.example/",
        "https://audio.example/",
    ]


def test_actions_of_an_attachment() -> None:
    """Those that lead somewhere are shown."""
    actions = [{"text": "Open", "url": "https://a.example/"}, {"text": "Acknowledge"}]
    found = lines({"attachments": [{"text": "down", "actions": actions}]})
    assert found == ["down", "Open (https://a.example/)"]


@pytest.mark.parametrize("more", [{}, {"attachments": [{"text": "b"}]}])
def test_an_alias_of_rocket_chat(more: dict[str, Any]) -> None:
    """It is a name like those of the others."""
    assert received({"alias": "Deploys", "text": "a", **more}).message.name == "Deploys"


@pytest.mark.parametrize(
    "payload",
    [
        {"embeds": [{"fields": [{"name": "n", "value": "*word* " * 2000}] * 40}] * 40},
        {"content": "", "components": [{"content": "*word* " * 2000}] * 40},
        {"attachments": [{"fields": [{"title": "n", "value": "*word* " * 2000}] * 40}] * 40},
        {"blocks": [{"type": "markdown", "text": "*word* " * 2000}] * 40},
        {
            "blocks": [
                {"type": "table", "rows": [[{"type": "text", "text": "word " * 2000}] * 40] * 40}
            ]
        },
    ],
    ids=["embeds", "components", "attachments", "blocks", "table"],
)
def test_what_no_message_has_room_for_is_not_made(payload: dict[str, Any]) -> None:
    """It would take a second for each megabyte, and be cut off."""
    text = received(payload).message.text
    assert text.count("word") >= 2000
    assert len(text) <= 3 * LONGEST


def test_components_of_discord() -> None:
    """Texts, links and pictures in them are shown, however they are grouped."""
    button = {"type": 2, "style": 5, "label": "Log", "url": "https://a.example/"}
    picture = {"type": 12, "items": [{"media": {"url": "https://a.example/i.png"}}]}
    inner = [{"type": 10, "content": "# Build"}, {"type": 9, "accessory": button}, picture]
    found = lines({"flags": 1 << 15, "components": [{"type": 17, "components": inner}]})
    assert found == ["Build", "Log (https://a.example/)", "https://a.example/i.png"]


def test_a_poll_of_discord() -> None:
    """Its question and its answers are shown, besides a text or without one."""
    answers = [{"poll_media": {"text": text}} for text in ("tea", "milk")]
    poll = {"question": {"text": "What?"}, "answers": answers}
    assert lines({"poll": poll}) == ["What?", "• tea", "• milk"]
    assert lines({"content": "Vote", "poll": poll})[:2] == ["Vote", "What?"]


def test_a_gallery_of_discord() -> None:
    """A picture may have a description."""
    item = {"media": {"url": "https://p.example/"}, "description": "the till"}
    gallery = {"type": 12, "items": [item]}
    assert lines({"components": [gallery]}) == ["the till (https://p.example/)"]


def test_discord() -> None:
    """Content and embeds, without a highlight of everybody."""
    assert lines(payloads.DISCORD) == [
        "everyone down :fire: ||secret|| @80351110224678912",
        "probe 3",
        "shop (https://shop.example/)",
        "HTTP 500 for 5 min (https://status.example/)",
        "Region: eu",
        "since 12:00",
    ]


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ({"title": "db1", "text": "*full*"}, ["db1", "full"]),
        ({"text": "full", "url": "https://a.example/"}, ["full", "https://a.example/"]),
        ({"text": "", "message": "full"}, ["full"]),
        ({"content": "", "embeds": [], "message": "full"}, ["full"]),
        ({"title": "db1", "message": "full", "attachments": [{"name": "x"}]}, ["db1", "full"]),
        ({"embeds": [{}, {"title": "full"}]}, ["full"]),
        ({"status": "up", "name": "db1", "text": "since 12:00"}, ["UP db1 since 12:00"]),
        (
            {"action": "created", "data": {"issue": {"title": "full", "web_url": "https://a/"}}},
            ["CREATED full", "https://a/"],
        ),
        ({"event": {"data": {"title": "full", "html_url": "https://a/"}}}, ["full", "https://a/"]),
    ],
)
def test_nothing_of_a_text_is_lost(payload: Any, shown: list[str]) -> None:
    """A payload that only looks like one of a known sender is read by its keys."""
    assert lines(payload) == shown


@pytest.mark.parametrize(
    ("field", "payload", "event"),
    [
        ("payload", payloads.GITHUB_PUSH, "push"),
        ("payload", payloads.GITHUB_ISSUE, "issues"),
        ("payload", {"attachments": [{"text": "full"}]}, ""),
        ("payload_json", payloads.DISCORD | {"content": None}, ""),
        ("payload", payloads.alertmanager(), ""),
    ],
)
def test_json_in_a_form(field: str, payload: Any, event: str) -> None:
    """It says what it says without the form, which is what GitHub sends by default."""
    form = urlencode({field: json.dumps(payload)}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded", "x-github-event": event}
    assert read(headers, form) == received(payload, event)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("status=down&name=db1", "DOWN db1"),
        ("content=full", "full"),
        ("load=12", "load=12"),
        ("100% of a=b & c", "100% of a=b & c"),
    ],
)
def test_fields_of_a_form(body: str, shown: str) -> None:
    """Those of a message are read; what `curl -d` sends is a text all the same."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert strip_formatting(read(headers, body.encode()).message.text) == shown


def test_a_line_is_not_cut_in_a_sign() -> None:
    """An emoji may have several characters."""
    assert first_line("ab\U0001f468\u200d\U0001f469\u200d\U0001f467", 5) == "ab…"


POSTING = Hook("d" * 64, LOBBY, "bridge", "ann", 0, 0, url="https://chat.example/hooks/x")


def posted(record: Record) -> HookMessage:
    """Return what is read of what an outgoing webhook posts."""
    return received(json.loads(body_of(POSTING, record, "#lobby", "Chat"))).message


@pytest.mark.parametrize(
    ("command", "text", "params", "shown"),
    [
        ("PRIVMSG", "\x02hello\x02 *all*", (), "\x02hello\x02 *all*"),
        ("PRIVMSG", "\x01ACTION waves\x01", (), "* ann waves"),
        ("TOPIC", "", ("tea",), "* ann sets the topic: tea"),
        ("JOIN", "", ("*", "Ann"), "* ann joins"),
        ("PART", "", (), "* ann leaves"),
        ("QUIT", "", ("bye",), "* ann leaves: bye"),
        ("KICK", "", ("bob", "out"), "* ann removes bob out"),
        ("NICK", "", ("anna",), "* ann is now anna"),
        ("MODE", "", ("+o", "bob"), "* ann sets the modes +o bob"),
    ],
)
def test_an_outgoing_webhook_can_post_to_an_incoming_one(
    command: str, text: str, params: tuple[str, ...], shown: str
) -> None:
    """What was said or done is shown as it was, under the nickname of its author."""
    message = posted(Record("#lobby", 1, command, "ann!a@h", "", text, params=params))
    assert (message.text, message.name) == (shown, "ann")


def test_a_message_remembers_its_webhooks() -> None:
    """What is no id of one is dropped: the tag comes from a stranger."""
    passed = {HOOKS: "aaaaaaaa,x y,bbbbbbbb"}
    message = posted(Record("#lobby", 1, "PRIVMSG", "x/hook!hook@h", "", "hi", tags=passed))
    assert (message.name, message.hooks) == ("x", ("aaaaaaaa", "bbbbbbbb", "dddddddd"))


@pytest.mark.parametrize("payload", [{"text": ""}, {"attachments": [{}]}, {"content": " "}])
def test_a_payload_without_a_text(payload: Any) -> None:
    """Its sender learns that, as Slack and Discord have it."""
    with pytest.raises(BadPayload):
        received(payload)


@pytest.mark.parametrize(
    ("payload", "event", "expected"),
    [
        (
            payloads.GITHUB_PUSH,
            "push",
            [
                "octo/shop: ann pushed 2 commits to main"
                " https://github.example/octo/shop/compare/1...c",
                "  abcdef0 Fix the till",
                "  0123456 Add a test",
            ],
        ),
        (
            payloads.GITHUB_PUSH | {"commits": [], "created": True},
            "push",
            ["octo/shop: ann pushed the branch main"],
        ),
        (
            payloads.GITHUB_PUSH | {"commits": [], "ref": "refs/tags/v1", "created": True},
            "push",
            ["octo/shop: ann pushed the tag v1"],
        ),
        (
            payloads.GITHUB_PUSH | {"deleted": True, "after": "0" * 40, "commits": []},
            "push",
            ["octo/shop: ann deleted main"],
        ),
        (
            payloads.GITHUB_ISSUE,
            "issues",
            [
                "octo/shop: ann opened issue #17 Till is slow"
                " https://github.example/octo/shop/issues/17"
            ],
        ),
        (
            payloads.GITHUB_PULL_REQUEST,
            "pull_request",
            [
                "octo/shop: bob merged pull request #18 Faster till"
                " https://github.example/octo/shop/pull/18"
            ],
        ),
        (
            payloads.GITHUB_COMMENT,
            "issue_comment",
            [
                "octo/shop: ann commented on #17 Till is slow: Since when?"
                " https://github.example/octo/shop/issues/17#issuecomment-1"
            ],
        ),
        (
            payloads.GITHUB_REVIEW,
            "pull_request_review",
            ["octo/shop: ann approved pull request #18 Faster till https://github.example/r/1"],
        ),
        (
            payloads.GITHUB_RELEASE,
            "release",
            [
                "octo/shop: ann published the release 1.2"
                " https://github.example/octo/shop/releases/v1.2"
            ],
        ),
        (payloads.GITHUB_PING, "ping", ["octo/shop: the webhook works: Keep it simple."]),
        (
            payloads.GITHUB_WORKFLOW,
            "workflow_run",
            ["octo/shop: tests on main: failure https://github.example/octo/shop/actions/runs/1"],
        ),
        (
            payloads.GITHUB_PUSH | {"commits": [], "forced": True},
            "push",
            [
                "octo/shop: ann force-pushed main https://github.example/octo/shop/compare/1...c",
            ],
        ),
        (
            payloads.GITHUB_REVIEW | {"action": "dismissed", "review": {"state": "dismissed"}},
            "pull_request_review",
            ["octo/shop: ann dismissed a review of pull request #18 Faster till"],
        ),
        (
            payloads.GITHUB_COMMENT
            | {"issue": None, "discussion": {"number": 4, "title": "Ideas"}, "comment": {}},
            "discussion_comment",
            ["octo/shop: ann commented on #4 Ideas:"],
        ),
        (
            payloads.GITHUB_DEPLOYMENT,
            "deployment_status",
            ["octo/shop: deployment to live: failure https://github.example/octo/shop/job/1"],
        ),
        (
            payloads.GITHUB_DEPLOYMENT | {"deployment_status": {"state": "success"}},
            "deployment_status",
            [""],
        ),
        *(
            (payloads.GITHUB_RELEASE | {"action": action}, "release", [""])
            for action in ("created", "released", "prereleased")
        ),
        (payloads.GITHUB_ISSUE | {"action": "labeled"}, "issues", [""]),
        (payloads.GITHUB_ISSUE, "check_run", [""]),
        (
            {
                "action": "created",
                "alert": {
                    "html_url": "https://github.example/octo/shop/security/1",
                    "security_advisory": {"summary": "Denial of service in tea"},
                },
                "repository": payloads.GITHUB_ISSUE["repository"] | {"html_url": "https://x.org"},
                "sender": payloads.GITHUB_ISSUE["sender"],
            },
            "dependabot_alert",
            [
                "octo/shop: ann: dependabot alert created Denial of service in tea"
                " https://github.example/octo/shop/security/1"
            ],
        ),
        (
            payloads.GITHUB_ISSUE | {"issue": {}, "action": ""},
            "member_added",
            ["octo/shop: ann: member added"],
        ),
    ],
)
def test_github(payload: Any, event: str, expected: list[str]) -> None:
    """One line for an event, and one for each of the first commits; nothing for trifles."""
    assert lines(payload, event) == expected


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("> Why?\n> Really?\n\nBecause **so**.", "Because so."),
        ("<!-- bot: 1\n2 -->\n## Coverage is [82%](https://c/)", "Coverage is 82% (https://c/)"),
        ("```suggestion\nx = 1\n```", "x = 1"),
        ("> only this", "> only this"),
        ("a --> b", "a --> b"),
        ("done <!-- not", "done"),
    ],
    ids=["quoted", "hidden", "code", "nothing else", "arrow", "unclosed"],
)
def test_the_line_of_a_comment(body: str, shown: str) -> None:
    """It is the first one that its author wrote, and not what is answered or hidden."""
    payload = {"action": "created", "sender": {"login": "ann"}, "comment": {"body": body}}
    assert lines(payload, "issue_comment")[0] == f"ann commented on: {shown}"


def test_several_pages_of_a_wiki() -> None:
    """GitHub has them in one event."""
    pages = [{"title": f"P{number}", "action": "edited"} for number in range(7)]
    shown = lines({"sender": {"login": "ann"}, "pages": pages}, "gollum")
    assert shown[1] == "ann edited the wiki: P1"
    assert shown[-1] == "  … and 2 more"


def test_places_of_a_secret() -> None:
    """GitHub has an event for each besides that of the alert, which is the one that is shown."""
    payload = {"action": "created", "sender": {}, "alert": {"html_url": "https://a/"}}
    assert lines(payload, "secret_scanning_alert_location") == [""]


def test_an_advisory() -> None:
    """Its title is its summary."""
    advisory = {"summary": "A hole", "html_url": "https://a/"}
    payload = {"action": "published", "sender": {}, "repository_advisory": advisory}
    assert lines(payload, "repository_advisory")[0].endswith("published A hole https://a/")


def test_gitea() -> None:
    """Its own header is preferred to that of GitHub, which it sends, too."""
    headers = {"x-gitea-event": "push", "x-github-event": "other"}
    assert lines(payloads.GITEA_PUSH, **headers) == [
        "octo/shop: ann pushed 9 commits to main https://git.example/octo/shop/compare/1...2",
        "  2222222 Fix",
        "  … and 8 more",
    ]


@pytest.mark.parametrize(
    ("kind", "event", "shown"),
    [
        ("approved", "pull_request_approved", "ann approved pull request #18 Faster till"),
        ("rejected", "pull_request_rejected", "ann asks for changes in pull request #18"),
        ("comment", "pull_request_comment", "ann reviewed pull request #18 Faster till why?"),
    ],
)
def test_reviews_of_gitea(kind: str, event: str, shown: str) -> None:
    """Their kind is a name of an event, and one that only comments has the event of a comment."""
    review = {"type": f"pull_request_review_{kind}", "content": "why?"}
    payload = payloads.GITHUB_PULL_REQUEST | {
        "action": "reviewed",
        "review": review,
        "sender": {"login": "ann"},
    }
    (found,) = lines(payload, **{"x-gitea-event": event})
    assert found.startswith(f"octo/shop: {shown}")


@pytest.mark.parametrize("event", ["star", "watch"])
@pytest.mark.parametrize("action", ["created", "deleted", "started"])
def test_stars_are_not_shown(event: str, action: str) -> None:
    """They are no work on a repository; GitHub sends both events for each star."""
    payload = {"action": action, "sender": {"login": "ann"}, "repository": {"full_name": "o/r"}}
    headers = {"x-github-event": event, "content-type": "application/json"}
    assert not read(headers, json.dumps(payload).encode()).message.text


@pytest.mark.parametrize(
    ("event", "fields", "shown"),
    [
        ("wiki", {"action": "created", "page": "Home"}, "ann added to the wiki: Home"),
        ("wiki", {"action": "edited", "page": "Home"}, "ann edited the wiki: Home"),
        ("wiki", {"action": "deleted", "page": "Home"}, "ann deleted from the wiki: Home"),
        (
            "fork",
            {
                "forkee": {"full_name": "octo/till", "fork": False},
                "repository": {"full_name": "octo/shop", "fork": True},
            },
            "ann forked it from octo/till",
        ),
        (
            "workflow_run",
            {
                "action": "completed",
                "workflow_run": {
                    "display_title": "Fix",
                    "conclusion": "failure",
                    "head_branch": "main",
                },
            },
            "Fix on main: failure",
        ),
        *(
            (
                event,
                {
                    "action": action,
                    "run": {"title": "Fix", "prettyref": "main", "html_url": "https://r/"},
                },
                f"Fix on main: {action} https://r/",
            )
            for event, action in (
                ("action_run_failure", "failure"),
                ("action_run", "failure"),
                ("action_run_recover", "recovered"),
            )
        ),
    ],
)
def test_events_that_gitea_has_in_its_own_way(
    event: str, fields: dict[str, Any], shown: str
) -> None:
    """They say the same as those of GitHub."""
    payload = {"repository": {"full_name": "octo/shop"}, "sender": {"login": "ann"}, **fields}
    assert lines(payload, **{"x-gitea-event": event}) == [f"octo/shop: {shown}"]


@pytest.mark.parametrize(
    "payload",
    [
        {"channel": "#a", "text": "full", "username": "forge", "icon_url": "", "attachments": []},
        {"username": "forge", "content": "full", "embeds": []},
        {"@type": "MessageCard", "title": "full"},
    ],
)
def test_other_forms_of_gitea(payload: Any) -> None:
    """What it posts as to Slack, Discord or Teams has the headers of its own form, too."""
    assert lines(payload, event="push", **{"x-gitea-event": "push"}) == ["full"]


@pytest.mark.parametrize(
    ("action", "done"),
    [("approval", "approved"), ("unapproval", "withdrew the approval of"), ("update", "")],
)
def test_approvals_of_gitlab(action: str, done: str) -> None:
    """They are reviews: one of several people that have to approve, or the last of them."""
    what = payloads.GITLAB_MERGE_REQUEST["object_attributes"] | {"action": action}
    payload = payloads.GITLAB_MERGE_REQUEST | {"object_attributes": what}
    shown = lines(payload, **{"x-gitlab-event": "Merge Request Hook"})[0]
    assert shown.startswith(f"octo/shop: ann {done} merge request !3") if done else not shown


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (
            payloads.GITLAB_WORK_ITEM,
            "octo/shop: ann opened incident #5 Till is down https://gitlab.example/5",
        ),
        (
            payloads.GITLAB_NOTE,
            "octo/shop: ann commented on Faster till: Why? https://gitlab.example/n",
        ),
        (
            payloads.GITLAB_NOTE | {"object_attributes": {"note": "Why?", "action": "update"}},
            "",
        ),
        (
            payloads.GITLAB_MERGE_REQUEST,
            "octo/shop: ann opened merge request !3 Faster till"
            " https://gitlab.example/octo/shop/-/merge_requests/3",
        ),
        (
            payloads.GITLAB_PUSH,
            "octo/shop: ann pushed 1 commit to main"
            " https://gitlab.example/octo/shop/-/commits/main",
        ),
        (
            payloads.GITLAB_PUSH
            | {"object_kind": "deployment", "status": "failed", "environment": "live"},
            "octo/shop: deployment to live: failed",
        ),
        (
            payloads.GITLAB_NOTE
            | {
                "object_kind": "wiki_page",
                "object_attributes": {"title": "Home", "url": "https://w"},
            },
            "octo/shop: ann edited the wiki: Home https://w",
        ),
        (
            payloads.GITLAB_NOTE
            | {"merge_request": None, "commit": {"id": "2" * 40, "message": "Fix\n\nall"}},
            "octo/shop: ann commented on Fix: Why? https://gitlab.example/n",
        ),
        (
            {
                "object_kind": "vulnerability",
                "object_attributes": {
                    "title": "DoS",
                    "url": "https://v/",
                    "state": "detected",
                    "severity": "high",
                },
            },
            "high vulnerability detected: DoS https://v/",
        ),
        (
            payloads.GITLAB_PUSH | {"object_kind": None, "event_name": "push"},
            "octo/shop: ann pushed 1 commit to main"
            " https://gitlab.example/octo/shop/-/commits/main",
        ),
        ({"object_kind": "build", "build_status": "failed"}, ""),
        ({"text": "ann pushed to *main*"}, "ann pushed to main"),
    ],
)
def test_gitlab(payload: Any, expected: str) -> None:
    """The event is in the payload."""
    assert lines(payload, **{"x-gitlab-event": "any"})[0] == expected


def test_alertmanager() -> None:
    """An alert is a line, with what it is about, its labels, and where it comes from."""
    assert lines(payloads.alertmanager()) == [
        "FIRING DiskFull disk of db1 is full [instance=db1 severity=critical]"
        " http://prometheus.example/graph?g0",
        "http://alertmanager.example:9093",
    ]


def test_the_thread_of_alertmanager() -> None:
    """What is resolved belongs to what fired, by the key of the group."""
    firing = received(payloads.alertmanager()).message
    resolved = received(payloads.alertmanager("resolved")).message
    other = received(payloads.alertmanager(groupKey="other")).message
    assert firing.thread == resolved.thread != other.thread
    assert (firing.ends_thread, resolved.ends_thread) == (False, True)


def test_many_alerts() -> None:
    """The first ones are shown, and how many more there are."""
    (alert,) = payloads.alertmanager()["alerts"]
    found = lines(payloads.alertmanager(alerts=[alert] * 14, truncatedAlerts=3))
    assert found[0] == "FIRING DiskFull (14)"
    assert len(found) == 13
    assert found[-2] == "… and 7 more"


def test_different_alerts() -> None:
    """In a group that has no common name each has its own."""
    alerts = [{"status": "firing", "labels": {"alertname": name}} for name in ("Load", "Disk")]
    found = payloads.alertmanager(alerts=alerts, groupLabels={}, commonLabels={}, title="")
    assert lines(found)[1:3] == ["FIRING Load", "FIRING Disk"]


def test_grafana() -> None:
    """It has the form of Alertmanager; each alert has its status."""
    assert lines(payloads.GRAFANA) == [
        "FIRING High load (2)",
        "FIRING load of web1 is 12 [host=web1] https://grafana.example/d/1?viewPanel=2",
        "RESOLVED [host=web2]",
        "https://grafana.example/",
    ]


def test_a_title_of_grafana() -> None:
    """Of different alerts it is the name; how many fire is said once."""
    payload = payloads.GRAFANA | {"groupLabels": {}, "commonLabels": {}}
    assert lines(payload)[0] == "FIRING High load (2)"


def test_pictures_of_grafana() -> None:
    """They are shown as their addresses."""
    alert = payloads.GRAFANA["alerts"][0] | {"imageURL": "https://p.example/1.png"}
    assert lines(payloads.GRAFANA | {"alerts": [alert]})[0].endswith(" https://p.example/1.png")
    legacy = payloads.GRAFANA_LEGACY | {"imageUrl": "https://p.example/2.png"}
    assert lines(legacy)[0].endswith(" https://p.example/2.png")


def test_a_runbook() -> None:
    """That of all alerts is shown once: it says what to do."""
    notes = {"runbook_url": "https://r.example/full"}
    shown = lines(payloads.alertmanager(commonAnnotations=notes))
    assert shown[1:] == ["runbook: https://r.example/full", "http://alertmanager.example:9093"]


def test_grafana_before_unified_alerting() -> None:
    """The rule is the thread."""
    text = "FIRING Load too high High value=100 https://grafana.example/d/1"
    assert lines(payloads.GRAFANA_LEGACY) == [text]
    over = received(payloads.GRAFANA_LEGACY | {"state": "ok"}).message
    assert over.ends_thread
    assert over.thread == received(payloads.GRAFANA_LEGACY).message.thread


@pytest.mark.parametrize(
    ("status", "shown"),
    [("0", "DOWN"), ("1", "UP"), (True, "UP"), ("up", "UP"), (3, "MAINTENANCE")],
)
def test_the_status_of_uptime_kuma(status: Any, shown: str) -> None:
    """Its templates have it as a text."""
    payload = payloads.uptime_kuma()
    payload["heartbeat"]["status"] = status
    assert lines(payload)[0].startswith(f"{shown} shop ")


def test_an_alert_of_grafana_without_a_text() -> None:
    """Its values are shown; a path is no address that anybody could open."""
    alert = {"labels": {}, "valueString": "[ value=91.5 ]", "generatorURL": "?orgId=1"}
    payload = payloads.alertmanager(alerts=[alert], externalURL="/")
    assert lines(payload) == ["FIRING DiskFull [ value=91.5 ]"]


def test_uptime_kuma() -> None:
    """The monitor is the thread."""
    assert lines(payloads.uptime_kuma()) == ["DOWN shop connect ECONNREFUSED https://shop.example/"]
    assert lines(payloads.uptime_kuma(1)) == ["UP shop 200 - OK https://shop.example/"]
    down, up = (received(payloads.uptime_kuma(n)).message for n in (0, 1))
    assert (down.thread, up.ends_thread) == (up.thread, True)
    assert lines(payloads.UPTIME_KUMA_TEST) == ["Alerting Testing"]


def test_healthchecks() -> None:
    """By the names of its placeholders."""
    assert lines(payloads.HEALTHCHECKS) == ["DOWN backup"]
    assert received(payloads.HEALTHCHECKS | {"status": "up"}).message.ends_thread


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*bold* _it_ ~no~ `a_b_c`", "\x02bold\x02 \x1dit\x1d \x1eno\x1e \x11a_b_c\x11"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("<https://a.example/_x_|_x_>", "_x_ (https://a.example/_x_)"),
        ("<!subteam^S1|@team> <!here> <#C1|ops> <@U1|ann>", "team here #ops @ann"),
        ("<!date^1392734382^{date}|in 2014>", "in 2014"),
        ("&lt;b&gt; &amp;amp;", "<b> &amp;"),
        ("```\ncode *x*\n```", "code *x*"),
        ("```Traceback\n  File x```", "Traceback\n  File x"),
        ("a List<String> of <b>", "a List<String> of <b>"),
        ("<mailto:a@b.example|mail>", "mail (a@b.example)"),
    ],
)
def test_markup_of_slack(text: str, shown: str) -> None:
    """api.slack.com/reference/surfaces/formatting."""
    assert from_mrkdwn(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**b**a **a *b* c**", "\x02b\x02a \x02a b c\x02"),
        ("**b** ~~s~~", "\x02b\x02 \x1es\x1e"),
        ("#### Title\n# of errors: 5", "\x02Title\x02\n# of errors: 5"),
        ("![i](https://a.example/i) [t](mailto:a@b)", "i (https://a.example/i) t (mailto:a@b)"),
        ("names[i](x)", "names[i](x)"),
    ],
)
def test_markup_of_mattermost(text: str, shown: str) -> None:
    """It takes what Slack takes, with Markdown in it."""
    assert from_mrkdwn(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example/?a=1&copy=2&timestamp=3&lt=4",
        "&#64;everyone &#1;ACTION&#1; &#x202e;",
        "&copy; &nbsp;",
    ],
)
def test_what_slack_does_not_escape(text: str) -> None:
    """Other references of HTML stay as they are: they could be parts of an address."""
    assert from_mrkdwn(text) == text


def test_escapes_of_slack_in_addresses() -> None:
    """They are those of its markup, also where there is none."""
    attachment = {"title": "a &lt; b", "title_link": "https://a.example/?a=1&amp;b=2"}
    assert lines({"attachments": [attachment]}) == ["a < b (https://a.example/?a=1&b=2)"]


def test_lines_in_html() -> None:
    """They are those of preformatted text; elsewhere they are spaces."""
    assert from_html("<p>a\nb</p><pre>c\nd</pre>e\nf") == "a b\nc\nd\ne f"


@pytest.mark.parametrize(
    ("text", "shown"), [("&#64;everyone", "everyone"), ("a&#x202e;b", "ab"), ("a&#8203;b", "ab")]
)
def test_references_in_html(text: str, shown: str) -> None:
    """They bring in nothing that the text itself could not have."""
    assert from_html(f"<p>{text}</p>") == shown


def test_what_cannot_be_seen() -> None:
    """A name of a field that is invisible, as Discord asks for one, is none."""
    embed = {"fields": [{"name": "\u200b", "value": "only a value"}]}
    assert lines({"embeds": [embed]}) == ["only a value"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x85", "\u2028"])
def test_ends_of_lines(end: str) -> None:
    """Whatever ends a line elsewhere does it here."""
    assert plain(f"one{end}two") == "one\ntwo"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**my_var** and **`a_b`**", "\x02my_var\x02 and \x02\x11a_b\x11\x02"),
        ("**[a_b](https://a/b_c)**", "\x02a_b (https://a/b_c)\x02"),
        ("**a *b* c** __my_var__", "\x02a \x1db\x1d c\x02 \x02my_var\x02"),
        ("***both***", "\x02\x1dboth\x02\x1d"),
        ("[![82%](https://b/82.svg)](https://c/)", "82% (https://c/)"),
        ("\u91cd**\u8981**\u3067 **b**a", "\u91cd\x02\u8981\x02\u3067 \x02b\x02a"),
        ("x**2 + y**2, 2 ** 3 ** 4", "x**2 + y**2, 2 ** 3 ** 4"),
        ("## The **big** one", "\x02The big one\x02"),
        ("**b** *i* _i_ ~~s~~", "\x02b\x02 \x1di\x1d \x1di\x1d \x1es\x1e"),
        (
            "[t](https://a.example/) ![i](https://a.example/i)",
            "t (https://a.example/) i (https://a.example/i)",
        ),
        ("<https://a.example/> <t:1:R> <id:x>", "https://a.example/ 1970-01-01 00:00 UTC <id:x>"),
        ("<t:9999999999999> <t:-1>", "9999999999999 1969-12-31 23:59 UTC"),
        (r"\*no\* C:\data", r"*no* C:\data"),
        (
            '[a](<https://a.example/>) [b](https://a.example/b_(c)) [d](/d "title")',
            "a (https://a.example/) b (https://a.example/b_(c)) d (/d)",
        ),
        ("# Title\ntext", "\x02Title\x02\ntext"),
        ("https://a.example/a_b_c a*b*c", "https://a.example/a_b_c a*b*c"),
    ],
)
def test_markdown(text: str, shown: str) -> None:
    """As GitHub, Mattermost and Discord have it."""
    assert from_markdown(text) == shown


def test_a_reference_to_a_number_that_is_too_long() -> None:
    """Python refuses to read it, so it stays as it is."""
    text = f"&#{'9' * 5000};"
    assert from_html(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1 < 2 <3", "1 < 2 <3"),
        ("a<!-- <b> --><?x?><!DOCTYPE x>b", "ab"),
        ("a<!-- b", "a"),
        ("a<script>1 <b", "a"),
        ("<a title='a > b' HREF=https://a.example/>c</A>", "c (https://a.example/)"),
        ('<a href="https://a.example/?a=1&amp;b">c</a>', "c (https://a.example/?a=1&b)"),
        ("a<br/>b", "a\nb"),
    ],
)
def test_tags_in_html(text: str, shown: str) -> None:
    """Comments, declarations and what is never shown are left out; other signs are text."""
    assert from_html(text) == shown


def test_html() -> None:
    """Links and line ends stay, scripts do not."""
    text = (
        "<style>p{}</style><p>one &amp; <b>two</b><br>three</p><script>alert(1)</script>"
        '<a href="https://a.example/">here</a> <a href="javascript:x">bad</a>'
    )
    assert from_html(text) == ("one & \x02two\x02\nthree\nhere (https://a.example/) bad")


@pytest.mark.parametrize("convert", [plain, from_mrkdwn, from_markdown, from_html])
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_no_control_character_gets_through(convert: Any, text: str) -> None:
    """But LF, and those of formatting, which the conversion makes."""
    controls = {char for char in convert(text) if ord(char) < 32 or 127 <= ord(char) < 160}
    assert controls <= set("\n\x02\x11\x1d\x1e")


@pytest.mark.parametrize("word", ["@everyone", "@here", "@channel", "@ALL", "hi @room!"])
def test_nobody_is_highlighted_as_everybody(word: str) -> None:
    """Whatever means everybody elsewhere is shown without its sign."""
    assert "@" not in plain(word)


@pytest.mark.parametrize("text", ["root@all.example", "https://a.example/@here/1"])
def test_an_address_is_no_highlight(text: str) -> None:
    """It is shown as it is."""
    assert plain(text) == text


@pytest.mark.parametrize(
    "sign",
    [
        *("*", "_", "`", "<", "[", "[a](", "[](a(", "**", "~", "```", "![", "&#", "&#9"),
        *("<a ", "<a/b/", '<a href="', "<!--", "</", "<!-", "<a=\"<b'"),
    ],
)
@pytest.mark.parametrize("convert", [from_mrkdwn, from_markdown, from_html])
def test_hostile_markup_is_read_in_one_pass(convert: Any, sign: str) -> None:
    """A text of one sign takes no longer than its length lets expect."""
    assert len(convert(sign * 100_000)) <= 3 * LONGEST


_NAMES = (
    "text content embeds attachments blocks alerts status monitor heartbeat msg type elements "
    "fields title commits labels annotations repository issue sender action ruleName state name "
    "groupKey object_kind object_attributes "
)
NAMES = _NAMES.split()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "text",
                    "content",
                    "embeds",
                    "components",
                    "rows",
                    "attachments",
                    "blocks",
                    "alerts",
                    "status",
                    "monitor",
                    "heartbeat",
                    "msg",
                    "type",
                    "elements",
                    "fields",
                    "title",
                    "commits",
                    "labels",
                    "annotations",
                    "repository",
                    "issue",
                    "sender",
                    "action",
                    "ruleName",
                    "state",
                    "name",
                    "object_kind",
                    "object_attributes",
                    "groupKey",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(VALUES, st.sampled_from(["", "push", "issues", "pull_request_review", "release", "fork"]))
def test_any_json_is_read_or_refused(payload: Any, event: str) -> None:
    """Nothing of a payload is certain: not that a field is there, nor its type."""
    try:
        message = received(payload, event).message
    except BadPayload:
        return
    assert isinstance(message.text, str)
    assert isinstance(message.thread, str)


@given(st.binary(max_size=200), st.sampled_from(["application/json", "", "text/html"]))
def test_any_bytes_are_read_or_refused(body: bytes, kind: str) -> None:
    """Also such as are no UTF-8."""
    try:
        read({"content-type": kind}, body)
    except BadPayload:
        return


@given(st.binary(max_size=300), st.text("abc-;=\" '", max_size=20))
def test_any_form_is_read_or_refused(body: bytes, boundary: str) -> None:
    """Also one whose boundary is odd."""
    for kind in ("multipart/form-data; boundary=", "application/x-www-form-urlencoded"):
        try:
            read({"content-type": kind + boundary}, body)
        except (BadPayload, UnknownType):
            continue


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("windows-1251", "cp1251"),
        ('"KOI8-R"; format=flowed', "koi8-r"),
        ("ISO-8859-5", "iso8859-5"),
        ("UTF-16", "utf-16"),
        ("utf-16le", "utf-16le"),
        ("UTF-8", "utf-8-sig"),
        ("us-ascii", "utf-8"),
        ("x-unknown", "utf-8"),
        ("base64", "utf-8"),
        ("idna", "utf-8"),
        ("undefined", "utf-8"),
    ],
)
def test_character_sets(charset: str, codec: str) -> None:
    """A text is read in the one that its sender names; in UTF-8 where that is none."""
    body = "диск полон".encode(codec)
    assert read({"content-type": f"text/plain; charset={charset}"}, body).message.text == (
        "диск полон"
    )


def test_latin_1_is_what_browsers_take_it_for() -> None:
    """Its senders on Windows mean the superset of it that has quotation marks."""
    found = read({"content-type": "text/plain; charset=ISO-8859-1"}, b"\x93caf\xe9\x94")
    assert found.message.text == "“café”"


@pytest.mark.parametrize("kind", ["text/plain", "application/json; charset=utf-8"])
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-8"])
def test_a_byte_order_mark_names_the_character_set(kind: str, codec: str) -> None:
    """So does what PowerShell writes to a file."""
    body = '\ufeff{"text": "привет"}'.encode(codec)
    assert read({"content-type": kind}, body).message.text == "привет"


@pytest.mark.parametrize("charset", ["x-unheard-of", "y" * 4000])
def test_an_unknown_character_set_is_not_remembered(charset: str) -> None:
    """Python keeps each name for ever that it has looked up in vain."""
    found = read({"content-type": f"text/plain; charset={charset}"}, "é".encode())
    assert found.message.text == "é"
    assert not [name for name in encodings._cache if name[:9] in ("x_unheard", "y" * 9)]


@pytest.mark.parametrize("ends", ["\r\n", "\n"])
def test_a_form_with_long_heads(ends: str) -> None:
    """A field has a short one, and its name and encoding; others are left out."""
    long = f'Content-Disposition: form-data; name="text"{";" * 2000}\n\nno\n'
    part = 'Content-Disposition: form-data; name="text"\n'
    body = f"--x\n{part}Content-Transfer-Encoding: base64\n\neWVz\n--x\n{long}--x--\n"
    found = read(
        {"content-type": 'multipart/form-data; a="; boundary=y"; boundary="x"'},
        body.replace("\n", ends).encode(),
    )
    assert found.message.text == "yes"


def test_lists_in_lists() -> None:
    """JSON that Python can read may be too deep to be looked at."""
    with pytest.raises(BadPayload):
        read({"content-type": "application/json"}, b"[" * 900 + b"1" + b"]" * 900)


@pytest.mark.parametrize("charset", ["iso-8859-1", "a\x00b"])
def test_the_character_set_of_a_field(charset: str) -> None:
    """Each part of a form has its own, which may be any text."""
    part = (
        '--x\r\nContent-Disposition: form-data; name="text"\r\n'
        f'Content-Type: text/plain; charset="{charset}"\r\n\r\nfull \xe9\r\n--x--\r\n'
    )
    found = read({"content-type": "multipart/form-data; boundary=x"}, part.encode("latin-1"))
    assert found.message.text.startswith("full")
    assert found.message.text.endswith("é") is (charset == "iso-8859-1")


def test_an_unknown_type() -> None:
    """What no sender is known for is refused."""
    with pytest.raises(UnknownType):
        read({"content-type": "image/png"}, b"x")


def test_a_number_that_is_too_long() -> None:
    """Python refuses to read it."""
    with pytest.raises(BadPayload):
        read({"content-type": "application/json"}, b'{"text": ' + b"9" * 10_000 + b"}")
    assert sys.get_int_max_str_digits() < 10_000

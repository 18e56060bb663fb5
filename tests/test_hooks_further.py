"""Messages of payloads of further senders: cards, Bitbucket, and senders that are not known."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

import further_payloads as payloads
from test_hooks_payloads import lines
from trio_chat.server.hooks.formats import BadPayload, read

JSON = "application/json"


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        (
            payloads.TEAMS_CARD,
            [
                "Build failed",
                "logo (https://x.example/i.png)",
                "by ann (https://ci.example/ann)",
                "Branch: main",
                "Duration: 3 min",
                "plain run",
                "Open (https://ci.example/1)",
                "Log (https://ci.example/log)",
            ],
        ),
        (
            payloads.MESSAGE_CARD,
            [
                "Larry Bryant created a new task",
                "On Project Tango",
                "Assigned to: Unassigned",
                "Status: Not started",
                "View (https://x.example/t)",
            ],
        ),
        (
            payloads.GOOGLE_CARD,
            ["Disk full", "db1", "Details", "95% used", "Host: db1", "Open (https://m.example/)"],
        ),
        (
            {
                "@type": "MessageCard",
                "title": "Disk",
                "potentialAction": [
                    {"@type": "ViewAction", "name": "Open", "target": ["https://m.example/"]}
                ],
            },
            ["Disk", "Open (https://m.example/)"],
        ),
        ({"@type": "MessageCard", "summary": "full"}, ["full"]),
        ({"card": {"brand": "visa"}, "message": "paid"}, ["paid"]),
    ],
    ids=["adaptive", "message", "google", "action", "summary", "no card"],
)
def test_cards(payload: Any, shown: list[str]) -> None:
    """Their texts, facts and buttons, in their order; pictures as addresses."""
    assert lines(payload) == shown


def adaptive(*body: Any) -> Any:
    """Return an adaptive card."""
    return {"type": "AdaptiveCard", "body": body}


def cell(text: str) -> Any:
    """Return a cell of a table in an adaptive card."""
    return {"type": "TableCell", "items": [{"type": "TextBlock", "text": text}]}


def widget(**fields: Any) -> Any:
    """Return a card of Google Chat with one widget."""
    return {"cardsV2": [{"card": {"sections": [{"widgets": [fields]}]}}]}


OPEN = {"openLink": {"url": "https://a.example/"}}


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        (
            adaptive(
                *(
                    {"type": "TableRow", "cells": [cell(name), cell("OK")]}
                    for name in ("db1", "db2")
                )
            ),
            ["db1 | OK", "db2 | OK"],
        ),
        (
            adaptive({"type": "TextBlock", "text": "OK"}, {"type": "TextBlock", "text": "OK"}),
            ["OK"] * 2,
        ),
        (
            adaptive(
                {"type": "TextBlock", "text": "<at>Ann</at> {{DATE(2026-01-01T00:00:00Z, SHORT)}}"},
                {"type": "Container", "backgroundImage": {"url": "https://p/"}, "items": []},
            )
            | {"msteams": {"entities": [{"text": "<at>Ann</at>", "mentioned": {"name": "Ann"}}]}},
            ["Ann 2026-01-01T00:00:00Z"],
        ),
        (
            adaptive(
                {"type": "Input.Text", "label": "Why"},
                {"type": "Action.Submit", "title": "Acknowledge"},
                {"type": "CodeBlock", "codeSnippet": "x = 1"},
                {
                    "type": "RichTextBlock",
                    "inlines": [
                        "see ",
                        {
                            "type": "TextRun",
                            "text": "it",
                            "selectAction": {"type": "Action.OpenUrl", "url": "https://a.example/"},
                        },
                    ],
                },
            ),
            ["x = 1", "see it (https://a.example/)"],
        ),
        (
            {
                "@type": "MessageCard",
                "sections": [
                    {
                        "text": "full",
                        "activitySubtitle": "db1",
                        "activityTitle": "Disk",
                        "heroImage": {"image": "https://p.example/"},
                    }
                ],
                "potentialAction": [
                    {
                        "@type": "ActionCard",
                        "name": "Comment",
                        "inputs": [{"@type": "TextInput", "title": "What"}],
                        "actions": [{"@type": "HttpPOST", "name": "Save", "target": "https://a/"}],
                    }
                ],
            },
            ["Disk", "db1", "full", "https://p.example/"],
        ),
        (
            widget(
                decoratedText={
                    "topLabel": "Host",
                    "text": "db1",
                    "bottomLabel": "in Oslo",
                    "button": {"text": "Open", "onClick": OPEN},
                }
            ),
            ["Host: db1", "in Oslo", "Open (https://a.example/)"],
        ),
        (widget(keyValue={"topLabel": "Host", "content": "db1"}), ["Host: db1"]),
        (widget(image={"imageUrl": "https://p.example/"}), ["https://p.example/"]),
        (
            widget(chipList={"chips": [{"label": "Open", "onClick": OPEN}]}),
            ["Open (https://a.example/)"],
        ),
    ],
    ids=[
        "table",
        "same lines",
        "mention",
        "runs",
        "sections",
        "below",
        "label",
        "picture",
        "chip",
    ],
)
def test_parts_of_cards(payload: Any, shown: list[str]) -> None:
    """What people can read or open is shown, and what only its own program could use is not."""
    assert lines(payload) == shown


def test_a_deep_card_is_read_in_part() -> None:
    """What a stranger sends costs no more for being deep or long."""
    card: Any = {"type": "TextBlock", "text": "deep"}
    for _ in range(100):
        card = {"items": [card]}
    body = [card, *({"text": str(number)} for number in range(1000))]
    found = lines({"type": "AdaptiveCard", "body": body})
    assert "0" in found
    assert "deep" not in found
    assert len(found) < 250


SAID = {"content": {"raw": "Why?"}}


@pytest.mark.parametrize(
    ("event", "payload", "shown"),
    [
        (
            "repo:push",
            payloads.BITBUCKET_PUSH,
            [
                "ann/shop: ann pushed 1 commit to main https://bitbucket.org/ann/shop/branches/compare/1",
                "  03f4a72 fix the till",
            ],
        ),
        (
            "pullrequest:created",
            payloads.BITBUCKET_REQUEST,
            ["ann/shop: ann opened pull request #1 Faster till https://bitbucket.org/ann/shop/1"],
        ),
        (
            "pullrequest:fulfilled",
            payloads.BITBUCKET_REQUEST,
            ["ann/shop: ann merged pull request #1 Faster till https://bitbucket.org/ann/shop/1"],
        ),
        (
            "pullrequest:approved",
            payloads.BITBUCKET_REQUEST,
            ["ann/shop: ann approved pull request #1 Faster till https://bitbucket.org/ann/shop/1"],
        ),
        (
            "pullrequest:comment_created",
            payloads.BITBUCKET_COMMENT,
            ["ann/shop: ann commented on #1 Faster till: Comment text https://bitbucket.org/c"],
        ),
        (
            "repo:commit_status_updated",
            payloads.BITBUCKET_STATUS,
            ["ann/shop: Unit Tests on main: failure https://ci.example/1"],
        ),
        (
            "pullrequest:unapproved",
            payloads.BITBUCKET_REQUEST,
            [
                "ann/shop: ann withdrew the approval of pull request #1 Faster till"
                " https://bitbucket.org/ann/shop/1"
            ],
        ),
        ("pullrequest:updated", payloads.BITBUCKET_REQUEST, [""]),
        (
            "repo:refs_changed",
            payloads.DATA_CENTER_PUSH,
            ["PROJ/shop: admin pushed 1 commit to master", "  178864a fix"],
        ),
        (
            "pr:opened",
            payloads.DATA_CENTER_REQUEST,
            ["PROJ/shop: admin opened pull request #1 a new file added https://bb.example/pr/1"],
        ),
        ("diagnostics:ping", {"test": True}, ["the webhook works"]),
        (
            "repo:commit_comment_created",
            {"actor": {"nickname": "ann"}, "comment": SAID, "commit": {"hash": "03f4a72702"}},
            ["ann commented on 03f4a72: Why?"],
        ),
        (
            "repo:comment:added",
            {"actor": {"name": "ann"}, "comment": {"text": "Why?"}, "commit": "178864a7d521b6"},
            ["ann commented on 178864a: Why?"],
        ),
    ],
)
def test_bitbucket(event: str, payload: Any, shown: list[str]) -> None:
    """It says what the same event of GitHub says."""
    assert lines(payload, **{"x-event-key": event}) == shown


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"new": None}, ["ann/shop: ann deleted main"]),
        ({"old": None, "commits": []}, ["ann/shop: ann pushed the branch main"]),
        ({"forced": True}, ["ann/shop: ann force-pushed 1 commit to main"]),
    ],
)
def test_changes_of_a_branch_of_bitbucket(change: Any, shown: list[str]) -> None:
    """Its payload says them by what is missing."""
    (usual,) = payloads.BITBUCKET_PUSH["push"]["changes"]
    push = {"changes": [usual | {"links": {}} | change]}
    found = lines(payloads.BITBUCKET_PUSH | {"push": push}, **{"x-event-key": "repo:push"})
    assert found[:1] == shown


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        (
            payloads.JENKINS,
            [
                "asgard FAILURE",
                "number: 18, phase: COMPLETED, branch: origin/master",
                "http://localhost:8080/job/asgard/18/",
            ],
        ),
        (payloads.SENTRY_RESOLVED, ["RESOLVED Error: x", "https://sentry.io/i/1"]),
        (
            payloads.AZURE_DEVOPS,
            ["Build ConsumerAddressModule_20150407.2 (https://dev.azure.com/b) succeeded"],
        ),
        (
            payloads.DOCKER_HUB,
            [
                "shop ACTIVE",
                "tag: latest, pusher: ann, is trusted: yes, repo name: ann/shop",
                "https://hub.docker.com/r/ann/shop",
            ],
        ),
        (
            payloads.JIRA,
            [
                "jira:issue_created Till is slow",
                "issue event type name: issue_created, user: Ann, key: SHOP-1, status: Open,"
                " priority: High",
            ],
        ),
        (
            payloads.STRIPE,
            [
                "setup_intent.created",
                "object: event, amount: 2000, currency: eur, status: requires_confirmation",
            ],
        ),
        ({"Subject": "Disk", "Message": "full"}, ["Disk", "full"]),
        ({"subject": "123", "data": {"message": "full"}}, ["full"]),
        (
            {"type": "Issue", "data": {"title": "Fix it"}, "url": "https://l.example/3"},
            ["Fix it", "https://l.example/3"],
        ),
        ([{"title": "a"}, {"title": "b"}], ["a", "b"]),
        ({"event": "deployed"}, ["deployed"]),
        ({"message": "", "host": "db1"}, ["host: db1"]),
    ],
    ids=[
        "jenkins",
        "sentry",
        "azure",
        "docker hub",
        "jira",
        "stripe",
        "sns",
        "cloudevents",
        "linear",
        "list",
        "event",
        "no message",
    ],
)
def test_senders_that_are_not_known(payload: Any, shown: list[str]) -> None:
    """A text with how the matter stands; without one the first facts."""
    assert lines(payload) == shown


def test_no_secret_is_a_fact() -> None:
    """A channel has more readers than the address of its webhook."""
    secrets = {
        "api_token": "t",
        "Password": "p",
        "X-Signature": "s",
        "privateKey": "k",
        "Authorization": "a",
    }
    assert lines({"event": "login", "host": "db1", **secrets}) == ["login", "host: db1"]


def test_json_that_is_announced_as_a_text() -> None:
    """Amazon SNS sends it so; other JSON in a text is shown as it is."""
    headers = {"content-type": "text/plain; charset=UTF-8"}
    sns = json.dumps({"Type": "Notification", "Subject": "Disk", "Message": "full"})
    assert read(headers, sns.encode()).message.text == "\x02Disk\x02\nfull"
    assert read(headers, b'{"load": 12}').message.text == '{"load": 12}'


@pytest.mark.parametrize("text", ["Found new image db:2", "[db1] disk full", "50% of 2"])
def test_a_text_that_is_announced_as_json(text: str) -> None:
    """Shoutrrr, by which Watchtower and Beszel post, sends it so unless it is told otherwise."""
    assert read({"content-type": JSON}, text.encode()).message.text == text


@pytest.mark.parametrize("body", ["{", '{"text": "a', "[{}", '["a",', "[[1]"])
def test_broken_json_is_no_text(body: str) -> None:
    """Its sender learns that, and the channel does not see the half of it."""
    with pytest.raises(BadPayload):
        read({"content-type": JSON}, body.encode())


@pytest.mark.parametrize("form", ["", "payload="])
def test_lines_in_json(form: str) -> None:
    """A template of a monitor may put a text of several lines into JSON as it is."""
    kind = "application/x-www-form-urlencoded" if form else JSON
    found = read({"content-type": kind}, f'{form}{{"text": "down:\n\tdb1"}}'.encode())
    assert found.message.text == "down:\n    db1"


def test_a_form_of_an_unknown_sender() -> None:
    """Its fields are facts, as those of JSON are, and no secret is shown."""
    fields = {
        "monitorURL": "https://a.example/",
        "monitorFriendlyName": "My site",
        "alertTypeFriendlyName": "Down",
        "token": "t",
    }
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert read(headers, urlencode(fields).encode()).message.text.split("\n") == [
        "monitorFriendlyName: My site, alertTypeFriendlyName: Down",
        "https://a.example/",
    ]


def test_the_address_of_a_picture_is_not_that_of_the_matter() -> None:
    """The first address that people open is shown."""
    urls = {"avatarUrl": "https://p/", "api_url": "https://q/", "ticketUrl": "https://r/"}
    assert lines({"host": "db1", **urls}) == ["host: db1", "https://r/"]


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        (
            {"state": "error", "url": "https://a.example/", "error_message": "no space"},
            ["ERROR", "error message: no space", "https://a.example/"],
        ),
        ({"url": "https://a.example/"}, ["https://a.example/"]),
        ({"text": "https://a.example/", "channel": "#a"}, ["https://a.example/"]),
        (
            {"description": "failed", "issue_url": "https://a.example/"},
            ["failed", "https://a.example/"],
        ),
        ({"text": "full", "response_url": "https://a.example/secret"}, ["full"]),
        ({"webhook": {"event": "push", "pusher": "ann"}}, ["push", "pusher: ann"]),
        ({"host": "db1", "cooked": "<p>full</p>"}, ["host: db1"]),
    ],
    ids=["netlify", "alone", "meant", "text", "secret", "wrapped", "html"],
)
def test_what_is_at_an_address(payload: Any, shown: list[str]) -> None:
    """An address is shown besides what is known of the matter."""
    assert lines(payload) == shown


def test_names_of_fields_with_brackets() -> None:
    """They are encoded, as browsers send them."""
    body = urlencode({"fields[name]": "Ann", "fields[size]": "large one"}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    shown = read(headers, body).message.text
    assert shown == "fields[name]: Ann, fields[size]: large one"


def test_json_in_a_text() -> None:
    """Amazon SNS passes alarms of CloudWatch on so: their facts are shown, and no braces."""
    alarm = {"AlarmName": "load", "NewStateValue": "ALARM", "NewStateReason": "Over 90"}
    payload = {"Type": "Notification", "Subject": "ALARM: load", "Message": json.dumps(alarm)}
    assert lines(payload) == [
        "ALARM: load",
        "AlarmName: load, NewStateValue: ALARM, NewStateReason: Over 90",
    ]
    assert lines({"message": "{not JSON}"}) == ["{not JSON}"]


def test_markdown_besides_a_text() -> None:
    """Azure DevOps has both; the addresses are in the first."""
    both = {"text": "Build 2 failed", "markdown": "[Build 2](https://a.example/) failed"}
    assert lines({"message": both}) == ["Build 2 (https://a.example/) failed"]


def test_the_image_of_a_container() -> None:
    """It is what the message is about, and no picture."""
    payload = {"status": "new", "image": "docker.io/shop/till:2", "icon": "whale"}
    assert lines(payload) == ["NEW", "image: docker.io/shop/till:2"]


def test_a_check_of_pingdom() -> None:
    """Its name and its state are in keys of their own."""
    payload = {"check_name": "shop", "current_state": "DOWN", "description": "no answer"}
    assert lines(payload) == ["DOWN shop", "no answer"]


def test_the_click_of_ntfy() -> None:
    """It is the address that its notification opens."""
    payload = {"topic": "a", "title": "Disk", "message": "full", "click": "https://a.example/"}
    assert lines(payload) == ["Disk", "full", "https://a.example/"]


@pytest.mark.parametrize(
    "kind", ["text/plain", "text/html", "", "application/x-www-form-urlencoded"]
)
def test_a_blank_text_is_refused(kind: str) -> None:
    """Its sender would believe that it was shown."""
    with pytest.raises(BadPayload):
        read({"content-type": kind}, b" \n ")


@pytest.mark.parametrize("payload", [{"text": "", "channel": "#a"}, {"content": " ", "a": "b"}])
def test_facts_do_not_replace_a_text(payload: Any) -> None:
    """A sender that has a blank text has nothing to say."""
    with pytest.raises(BadPayload):
        read({"content-type": JSON}, json.dumps(payload).encode())

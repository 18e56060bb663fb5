"""Payloads as senders of webhooks post them, written from their public documentation."""

from typing import Any

Payload = dict[str, Any]

SLACK_BLOCKS: Payload = {
    "text": "shown in notifications only",
    "username": "Deploys",
    "icon_emoji": ":rocket:",
    "channel": "#other",
    "blocks": [
        {"type": "header", "text": {"type": "plain_text", "text": "Deploy of shop"}},
        {"type": "divider"},
        {
            "type": "section",
            "text": {
                "type": "mrkdwn",
                "text": "*ann* deployed <https://ci.example/42|build 42> &amp; more",
            },
            "fields": [
                {"type": "mrkdwn", "text": "*Stage*\nproduction"},
                {"type": "plain_text", "text": "took 3 min"},
            ],
        },
        {
            "type": "context",
            "elements": [
                {"type": "image", "image_url": "https://x.example/i.png", "alt_text": "logo"},
                {"type": "mrkdwn", "text": "by _ci_"},
            ],
        },
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "text": {"type": "plain_text", "text": "Roll back"},
                    "url": "https://ci.example/42/back",
                }
            ],
        },
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_list",
                    "elements": [
                        {
                            "type": "rich_text_section",
                            "elements": [{"type": "text", "text": "one", "style": {"bold": True}}],
                        },
                        {
                            "type": "rich_text_section",
                            "elements": [{"type": "link", "url": "https://x.example/two"}],
                        },
                    ],
                }
            ],
        },
    ],
}
SLACK_ATTACHMENT: Payload = {
    "text": "Look, <!channel>: <@U024BE7LH>",
    "attachments": [
        {
            "fallback": "not shown",
            "color": "danger",
            "pretext": "Build failed",
            "author_name": "ci",
            "title": "shop #42",
            "title_link": "https://ci.example/42",
            "text": "2 of 310 tests",
            "fields": [{"title": "Branch", "value": "main", "short": True}],
            "footer": "CI",
            "ts": 1700000000,
        },
        {"fallback": "only a fallback"},
    ],
}
MATTERMOST: Payload = {
    "username": "jenkins",
    "icon_url": "https://x.example/i.png",
    "text": "#### Results\n| a | b |\n@here see [the report](https://ci.example/r)",
    "props": {"card": "hidden"},
}
DISCORD: Payload = {
    "username": "Watchdog",
    "avatar_url": "https://x.example/a.png",
    "content": "@everyone **down** <:fire:123456789012345678> ||secret|| <@!80351110224678912>",
    "allowed_mentions": {"parse": []},
    "embeds": [
        {
            "title": "shop",
            "url": "https://shop.example/",
            "description": "HTTP `500` for [5 min](https://status.example/)",
            "color": 15158332,
            "author": {"name": "probe 3"},
            "fields": [{"name": "Region", "value": "eu", "inline": True}],
            "footer": {"text": "since 12:00"},
        }
    ],
}
_REPOSITORY = {"id": 1, "name": "shop", "full_name": "octo/shop", "private": False}
_ANN = {"login": "ann", "id": 7, "type": "User"}
GITHUB_PUSH: Payload = {
    "ref": "refs/heads/main",
    "before": "1" * 40,
    "after": "c" * 40,
    "created": False,
    "deleted": False,
    "forced": False,
    "compare": "https://github.example/octo/shop/compare/1...c",
    "pusher": {"name": "ann", "email": "ann@example.org"},
    "sender": _ANN,
    "repository": _REPOSITORY,
    "commits": [
        {"id": "abcdef0123456", "message": "Fix the till\n\nLong story", "author": {"name": "Ann"}},
        {"id": "0123456abcdef", "message": "Add \x02a\x03 test", "author": {"name": "Bob"}},
    ],
    "head_commit": {"id": "c" * 40},
}
GITHUB_ISSUE: Payload = {
    "action": "opened",
    "issue": {
        "number": 17,
        "title": "Till is slow",
        "html_url": "https://github.example/octo/shop/issues/17",
        "user": _ANN,
    },
    "repository": _REPOSITORY,
    "sender": _ANN,
}
GITHUB_PULL_REQUEST: Payload = {
    "action": "closed",
    "number": 18,
    "pull_request": {
        "number": 18,
        "title": "Faster till",
        "merged": True,
        "html_url": "https://github.example/octo/shop/pull/18",
    },
    "repository": _REPOSITORY,
    "sender": {"login": "bob"},
}
GITHUB_COMMENT: Payload = {
    "action": "created",
    "issue": {"number": 17, "title": "Till is slow"},
    "comment": {
        "body": "Since when?\r\nIt was fast.",
        "html_url": "https://github.example/octo/shop/issues/17#issuecomment-1",
    },
    "repository": _REPOSITORY,
    "sender": _ANN,
}
GITHUB_REVIEW: Payload = {
    "action": "submitted",
    "review": {"state": "approved", "body": None, "html_url": "https://github.example/r/1"},
    "pull_request": {"number": 18, "title": "Faster till"},
    "repository": _REPOSITORY,
    "sender": _ANN,
}
GITHUB_RELEASE: Payload = {
    "action": "published",
    "release": {
        "tag_name": "v1.2",
        "name": "1.2",
        "draft": False,
        "html_url": "https://github.example/octo/shop/releases/v1.2",
    },
    "repository": _REPOSITORY,
    "sender": _ANN,
}
GITHUB_PING: Payload = {
    "zen": "Keep it simple.",
    "hook_id": 1,
    "hook": {"type": "Repository", "events": ["push"]},
    "repository": _REPOSITORY,
    "sender": _ANN,
}
GITHUB_WORKFLOW: Payload = {
    "action": "completed",
    "workflow_run": {
        "name": "tests",
        "head_branch": "main",
        "conclusion": "failure",
        "html_url": "https://github.example/octo/shop/actions/runs/1",
    },
    "repository": _REPOSITORY,
    "sender": _ANN,
}
GITHUB_DEPLOYMENT: Payload = {
    "action": "created",
    "deployment_status": {
        "state": "failure",
        "log_url": "https://github.example/octo/shop/job/1",
    },
    "deployment": {"environment": "live"},
    "repository": _REPOSITORY,
    "sender": _ANN,
}
GITEA_PUSH: Payload = {
    "ref": "refs/heads/main",
    "before": "1" * 40,
    "after": "2" * 40,
    "compare_url": "https://git.example/octo/shop/compare/1...2",
    "commits": [{"id": "2" * 40, "message": "Fix", "url": "https://git.example/c/2"}],
    "total_commits": 9,
    "repository": {"id": 1, "full_name": "octo/shop"},
    "pusher": {"id": 1, "login": "ann", "username": "ann"},
    "sender": {"id": 1, "login": "ann"},
}
GITLAB_MERGE_REQUEST: Payload = {
    "object_kind": "merge_request",
    "event_type": "merge_request",
    "user": {"id": 1, "name": "Ann", "username": "ann"},
    "project": {"path_with_namespace": "octo/shop", "web_url": "https://gitlab.example/octo/shop"},
    "object_attributes": {
        "iid": 3,
        "title": "Faster till",
        "action": "open",
        "url": "https://gitlab.example/octo/shop/-/merge_requests/3",
    },
}
_OF_GITLAB = {
    "user": {"id": 1, "name": "Ann", "username": "ann"},
    "project": {"path_with_namespace": "octo/shop", "web_url": "https://gitlab.example/octo/shop"},
}
GITLAB_WORK_ITEM: Payload = {
    "object_kind": "work_item",
    "event_type": "work_item",
    "object_attributes": {
        "iid": 5,
        "title": "Till is down",
        "type": "Incident",
        "action": "open",
        "url": "https://gitlab.example/5",
    },
    **_OF_GITLAB,
}
GITLAB_NOTE: Payload = {
    "object_kind": "note",
    "object_attributes": {
        "note": "Why?",
        "noteable_type": "MergeRequest",
        "action": "create",
        "url": "https://gitlab.example/n",
    },
    "merge_request": {"iid": 3, "title": "Faster till"},
    **_OF_GITLAB,
}
GITLAB_PUSH: Payload = {
    "object_kind": "push",
    "ref": "refs/heads/main",
    "before": "1" * 40,
    "after": "2" * 40,
    "user_username": "ann",
    "project": {"path_with_namespace": "octo/shop", "web_url": "https://gitlab.example/octo/shop"},
    "commits": [{"id": "2" * 40, "message": "Fix"}],
    "total_commits_count": 1,
}


def alertmanager(status: str = "firing", **fields: Any) -> Payload:
    """Return a notification of Alertmanager about one alert."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="DiskFull"}',
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "chat",
        "groupLabels": {"alertname": "DiskFull"},
        "commonLabels": {"alertname": "DiskFull", "severity": "critical"},
        "commonAnnotations": {"summary": "disk of db1 is full"},
        "externalURL": "http://alertmanager.example:9093",
        "alerts": [
            {
                "status": status,
                "labels": {"alertname": "DiskFull", "instance": "db1", "severity": "critical"},
                "annotations": {"summary": "disk of db1 is full"},
                "startsAt": "2026-01-01T00:00:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "http://prometheus.example/graph?g0",
                "fingerprint": "f00",
            }
        ],
        **fields,
    }


GRAFANA: Payload = {
    "receiver": "chat",
    "status": "firing",
    "orgId": 1,
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "High load", "grafana_folder": "ops", "host": "web1"},
            "annotations": {"summary": "load of web1 is 12"},
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "values": {"B": 12.5},
            "generatorURL": "https://grafana.example/alerting/1/edit",
            "fingerprint": "c6ea",
            "silenceURL": "https://grafana.example/alerting/silence/new",
            "dashboardURL": "https://grafana.example/d/1",
            "panelURL": "https://grafana.example/d/1?viewPanel=2",
        },
        {
            "status": "resolved",
            "labels": {"alertname": "High load", "host": "web2"},
            "annotations": {},
            "fingerprint": "c6eb",
        },
    ],
    "groupLabels": {"alertname": "High load"},
    "commonLabels": {"alertname": "High load"},
    "commonAnnotations": {},
    "externalURL": "https://grafana.example/",
    "version": "1",
    "groupKey": '{}/{}:{alertname="High load"}',
    "truncatedAlerts": 0,
    "title": "[FIRING:1, RESOLVED:1] High load",
    "state": "alerting",
    "message": "**Firing**\n\nlong text",
}
GRAFANA_LEGACY: Payload = {
    "title": "[Alerting] Load",
    "ruleId": 3,
    "ruleName": "Load",
    "ruleUrl": "https://grafana.example/d/1",
    "state": "alerting",
    "evalMatches": [{"value": 100, "metric": "High value", "tags": None}],
    "message": "too high",
}


def uptime_kuma(status: int = 0) -> Payload:
    """Return a notification of Uptime Kuma."""
    return {
        "heartbeat": {
            "monitorID": 5,
            "status": status,
            "time": "2026-01-01 00:00:00.000",
            "msg": "connect ECONNREFUSED" if status == 0 else "200 - OK",
            "important": True,
            "duration": 60,
        },
        "monitor": {"id": 5, "name": "shop", "url": "https://shop.example/", "type": "http"},
        "msg": "[shop] [🔴 Down] connect ECONNREFUSED",
    }


UPTIME_KUMA_TEST: Payload = {"heartbeat": None, "monitor": None, "msg": "Alerting Testing"}
HEALTHCHECKS: Payload = {"code": "9f2c", "name": "backup", "status": "down", "tags": "db nightly"}

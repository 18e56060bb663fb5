"""Payloads of further senders of webhooks, written from their public documentation."""

from typing import Any

Payload = dict[str, Any]

TEAMS_CARD: Payload = {
    "type": "message",
    "attachments": [
        {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": [
                    {
                        "type": "TextBlock",
                        "text": "**Build failed**",
                        "weight": "Bolder",
                        "size": "Medium",
                    },
                    {
                        "type": "ColumnSet",
                        "columns": [
                            {
                                "type": "Column",
                                "items": [
                                    {
                                        "type": "Image",
                                        "url": "https://x.example/i.png",
                                        "altText": "logo",
                                    }
                                ],
                            },
                            {
                                "type": "Column",
                                "items": [
                                    {
                                        "type": "TextBlock",
                                        "text": "by [ann](https://ci.example/ann)",
                                    }
                                ],
                            },
                        ],
                    },
                    {
                        "type": "FactSet",
                        "facts": [
                            {"title": "Branch", "value": "main"},
                            {"title": "Duration", "value": "3 min"},
                        ],
                    },
                    {
                        "type": "Container",
                        "items": [
                            {
                                "type": "RichTextBlock",
                                "inlines": ["plain ", {"type": "TextRun", "text": "run"}],
                            }
                        ],
                    },
                    {
                        "type": "ActionSet",
                        "actions": [
                            {
                                "type": "Action.OpenUrl",
                                "title": "Open",
                                "url": "https://ci.example/1",
                            }
                        ],
                    },
                ],
                "actions": [
                    {"type": "Action.OpenUrl", "title": "Log", "url": "https://ci.example/log"}
                ],
            },
        }
    ],
}
MESSAGE_CARD: Payload = {
    "@type": "MessageCard",
    "@context": "http://schema.org/extensions",
    "themeColor": "0076D7",
    "summary": "Larry created a new task",
    "sections": [
        {
            "activityTitle": "Larry Bryant created a new task",
            "activitySubtitle": "On Project Tango",
            "activityImage": "https://x/y.png",
            "facts": [
                {"name": "Assigned to", "value": "Unassigned"},
                {"name": "Status", "value": "Not started"},
            ],
            "markdown": True,
        }
    ],
    "potentialAction": [
        {
            "@type": "OpenUri",
            "name": "View",
            "targets": [{"os": "default", "uri": "https://x.example/t"}],
        }
    ],
}
GOOGLE_CARD: Payload = {
    "cardsV2": [
        {
            "cardId": "a",
            "card": {
                "header": {"title": "Disk full", "subtitle": "db1"},
                "sections": [
                    {
                        "header": "Details",
                        "widgets": [
                            {"textParagraph": {"text": "<b>95%</b> used"}},
                            {"decoratedText": {"topLabel": "Host", "text": "db1"}},
                            {
                                "buttonList": {
                                    "buttons": [
                                        {
                                            "text": "Open",
                                            "onClick": {"openLink": {"url": "https://m.example/"}},
                                        }
                                    ]
                                }
                            },
                        ],
                    }
                ],
            },
        }
    ]
}
JENKINS: Payload = {
    "name": "asgard",
    "display_name": "asgard",
    "url": "job/asgard/",
    "build": {
        "full_url": "http://localhost:8080/job/asgard/18/",
        "number": 18,
        "phase": "COMPLETED",
        "status": "FAILURE",
        "url": "job/asgard/18/",
        "scm": {
            "url": "https://github.com/evgeny-goldin/asgard.git",
            "branch": "origin/master",
            "commit": "c6d86dc654b12425e706bcf951adfe5a8627a517",
        },
        "artifacts": {},
    },
}
SENTRY_RESOLVED: Payload = {
    "action": "resolved",
    "data": {
        "issue": {
            "title": "Error: x",
            "culprit": "c",
            "shortId": "SHOP-1",
            "level": "error",
            "status": "resolved",
            "web_url": "https://sentry.io/i/1",
            "permalink": None,
        }
    },
    "actor": {"type": "user", "name": "ann"},
}
AZURE_DEVOPS: Payload = {
    "subscriptionId": "0",
    "notificationId": 1,
    "id": "4a5d99d6-1c75-4e53-91b9-ee80057d4ce3",
    "eventType": "build.complete",
    "publisherId": "tfs",
    "message": {
        "text": "Build ConsumerAddressModule_20150407.2 succeeded",
        "html": 'Build <a href="https://dev.azure.com/b">Consumer</a> succeeded',
        "markdown": "Build [ConsumerAddressModule_20150407.2](https://dev.azure.com/b) succeeded",
    },
    "detailedMessage": {
        "text": "Build ConsumerAddressModule_20150407.2 succeeded",
        "html": "",
        "markdown": "",
    },
    "resource": {"id": 2},
}
SONARR: Payload = {
    "series": {"id": 1, "title": "Gravity Falls", "path": "/tv", "tvdbId": 259972},
    "episodes": [
        {"id": 67, "episodeNumber": 14, "seasonNumber": 2, "title": "The Stanchurian Candidate"}
    ],
    "release": {"quality": "HDTV-720p", "releaseTitle": "Gravity.Falls.S02E14", "size": 123},
    "downloadClient": "deluge",
    "eventType": "Grab",
    "instanceName": "Sonarr",
}
DOCKER_HUB: Payload = {
    "push_data": {"pushed_at": 1582839308, "images": [], "tag": "latest", "pusher": "ann"},
    "callback_url": "https://registry.hub.docker.com/u/ann/shop/hook/x/",
    "repository": {
        "status": "Active",
        "description": "",
        "is_trusted": True,
        "full_description": None,
        "repo_url": "https://hub.docker.com/r/ann/shop",
        "owner": "ann",
        "is_official": False,
        "is_private": False,
        "name": "shop",
        "namespace": "ann",
        "star_count": 0,
        "comment_count": 0,
        "date_created": 1,
        "repo_name": "ann/shop",
    },
}
DRONE: Payload = {
    "event": "build",
    "action": "completed",
    "build": {
        "id": 1,
        "number": 5,
        "status": "failure",
        "event": "push",
        "link": "https://git/x",
        "message": "fix",
        "target": "main",
        "author_login": "ann",
    },
    "repo": {"name": "shop", "slug": "ann/shop", "link": "https://git/shop"},
    "system": {"host": "drone.example"},
}
JIRA: Payload = {
    "timestamp": 1,
    "webhookEvent": "jira:issue_created",
    "issue_event_type_name": "issue_created",
    "user": {"displayName": "Ann", "name": "ann"},
    "issue": {
        "id": "1",
        "key": "SHOP-1",
        "self": "https://j/rest/api/2/issue/1",
        "fields": {
            "summary": "Till is slow",
            "status": {"name": "Open"},
            "priority": {"name": "High"},
        },
    },
}
STRIPE: Payload = {
    "id": "evt_1",
    "object": "event",
    "api_version": "2019-02-19",
    "created": 1686089970,
    "data": {
        "object": {
            "id": "seti_1",
            "object": "setup_intent",
            "amount": 2000,
            "currency": "eur",
            "status": "requires_confirmation",
            "description": None,
        }
    },
    "livemode": False,
    "pending_webhooks": 0,
    "type": "setup_intent.created",
}
BITBUCKET_PUSH: Payload = {
    "push": {
        "changes": [
            {
                "new": {
                    "type": "branch",
                    "name": "main",
                    "target": {"hash": "709d658dc5b6d6afcd46049c2f332ee3f515a67d"},
                },
                "old": {"type": "branch", "name": "main"},
                "links": {"html": {"href": "https://bitbucket.org/ann/shop/branches/compare/1"}},
                "created": False,
                "forced": False,
                "closed": False,
                "commits": [
                    {
                        "hash": "03f4a7270240708834de475bcf21532d6134777e",
                        "type": "commit",
                        "message": "fix the till\n",
                        "author": {"raw": "Ann <a@x>"},
                        "links": {"html": {"href": "https://bitbucket.org/ann/shop/commits/03f4a"}},
                    }
                ],
                "truncated": False,
            }
        ]
    },
    "actor": {"type": "user", "display_name": "Ann", "nickname": "ann"},
    "repository": {
        "type": "repository",
        "name": "shop",
        "full_name": "ann/shop",
        "links": {"html": {"href": "https://bitbucket.org/ann/shop"}},
    },
}
BITBUCKET_REQUEST: Payload = {
    "actor": {"display_name": "Ann", "nickname": "ann"},
    "pullrequest": {
        "id": 1,
        "title": "Faster till",
        "description": "d",
        "state": "OPEN",
        "links": {"html": {"href": "https://bitbucket.org/ann/shop/1"}},
    },
    "repository": {"full_name": "ann/shop"},
}
BITBUCKET_COMMENT: Payload = {
    "actor": {"display_name": "Ann", "nickname": "ann"},
    "comment": {
        "id": 17,
        "content": {"raw": "Comment text", "html": "<p>Comment text</p>"},
        "links": {"html": {"href": "https://bitbucket.org/c"}},
    },
    "pullrequest": {"id": 1, "title": "Faster till", "links": {"html": {"href": "u"}}},
    "repository": {"full_name": "ann/shop"},
}
BITBUCKET_STATUS: Payload = {
    "actor": {"display_name": "Ann", "nickname": "ann"},
    "commit_status": {
        "name": "Unit Tests",
        "description": "Build failed",
        "state": "FAILED",
        "key": "k",
        "url": "https://ci.example/1",
        "refname": "main",
    },
    "repository": {"full_name": "ann/shop"},
}
DATA_CENTER_PUSH: Payload = {
    "eventKey": "repo:refs_changed",
    "date": "2017-09-13T22:18:26+1000",
    "actor": {"name": "admin", "displayName": "Administrator"},
    "repository": {
        "slug": "shop",
        "id": 84,
        "name": "shop",
        "project": {"key": "PROJ", "name": "project"},
    },
    "changes": [
        {
            "ref": {"id": "refs/heads/master", "displayId": "master", "type": "BRANCH"},
            "refId": "refs/heads/master",
            "fromHash": "ecddabb624f6f5ba43816f5926e580a5f680a932",
            "toHash": "178864a7d521b6f5e720b386b2c2b0ef8563e0dc",
            "type": "UPDATE",
        }
    ],
    "commits": [{"id": "178864a7d521b6f5e720b386b2c2b0ef8563e0dc", "message": "fix"}],
}
DATA_CENTER_REQUEST: Payload = {
    "eventKey": "pr:opened",
    "actor": {"name": "admin", "displayName": "Administrator"},
    "pullRequest": {
        "id": 1,
        "title": "a new file added",
        "state": "OPEN",
        "toRef": {"repository": {"slug": "shop", "project": {"key": "PROJ"}}},
        "links": {"self": [{"href": "https://bb.example/pr/1"}]},
    },
}

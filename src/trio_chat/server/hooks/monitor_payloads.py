"""Payloads of monitoring: Alertmanager, Grafana, Uptime Kuma, healthchecks.io.

Shapes: prometheus.io/docs/alerting/latest/configuration (webhook_config), grafana.com/docs/grafana
(webhook notifier), github.com/louislam/uptime-kuma (the notification provider `webhook`),
healthchecks.io/docs/configuring_notifications.
"""

import hashlib
import re
from typing import Any

from trio_chat.server.hooks.markup import bold, first_line, link, plain, web_address
from trio_chat.server.hooks.statuses import shown_status
from trio_chat.server.hooks.values import HookMessage, at, dict_at, first_text, list_at, text_at

_COUNTS = re.compile(r"\[[A-Z]{1,20}(?::[0-9]{1,9})?(?:, [A-Z]{1,20}:[0-9]{1,9})?\]\s*")
"""What Grafana puts before a title: `[FIRING:2, RESOLVED:1]`; the status says that already."""
_MOST_ALERTS = 10
_MOST_LABELS = 6
_OVER = ("RESOLVED", "UP")
_KUMA = {"0": "down", "1": "up", "2": "pending", "3": "maintenance"}


def _key(text: str) -> str:
    """Return the key of a thread, which senders make as long as they like."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def is_alertmanager(payload: Any) -> bool:
    """Return whether a payload is one of Alertmanager, or of Grafana, which has the same form."""
    return bool(list_at(payload, "alerts")) and bool(
        text_at(payload, "groupKey") or text_at(payload, "receiver") or text_at(payload, "status")
    )


def from_alertmanager(payload: Any) -> HookMessage:
    """Return what Alertmanager or Grafana says: a line for each alert; the group is the thread."""
    alerts = [alert for alert in list_at(payload, "alerts") if isinstance(alert, dict)]
    word = text_at(payload, "status") or text_at(payload, "state")
    shown, status = shown_status(word)
    common = dict_at(payload, "commonLabels")
    name = first_line(text_at(payload, "groupLabels", "alertname") or text_at(common, "alertname"))
    lines = [
        _alert(alert, is_alone=len(alerts) == 1, has_name=not name)
        for alert in alerts[:_MOST_ALERTS]
    ]
    name = name or first_line(_COUNTS.sub("", text_at(payload, "title"), count=1))
    hidden = len(alerts) - len(lines)
    if hidden > 0 or at(payload, "truncatedAlerts"):
        lines.append(f"… and {max(hidden, 0) + _whole(payload, 'truncatedAlerts')} more")
    head = f"{status} {bold(name)}".rstrip() + (f" ({len(alerts)})" if len(alerts) > 1 else "")
    notes = dict_at(payload, "commonAnnotations")
    if url := web_address(first_text(notes, "runbook_url", "runbook")):
        lines.append(f"runbook: {url}")
    if url := web_address(text_at(payload, "externalURL")):
        lines.append(url)
    text = f"{head} {lines[0]}" if len(alerts) == 1 else "\n".join((head, *lines))
    if len(alerts) == 1 and len(lines) > 1:
        text = "\n".join((text, *lines[1:]))
    group = text_at(payload, "groupKey") or text_at(alerts, 0, "fingerprint") or name
    return HookMessage(text, thread=_key(group), ends_thread=shown in _OVER)


def _whole(payload: Any, name: str) -> int:
    value = at(payload, name)
    return value if isinstance(value, int) and 0 <= value < 1_000_000 else 0


def _alert(alert: Any, *, is_alone: bool, has_name: bool) -> str:
    """Return one alert; of several ones with its status and its labels, and with its name where the
    group has none: it may be one of different alerts.
    """
    notes = dict_at(alert, "annotations")
    text = first_line(first_text(notes, "summary", "message", "description"), 400)
    text = text or first_line(text_at(alert, "valueString"), 200)  # of Grafana
    labels = {
        first_line(name, 40): first_line(text_at(value), 80)
        for name, value in dict_at(alert, "labels").items()
        if name not in ("alertname", "__alert_rule_uid__", "grafana_folder")
    }
    shown = " ".join(f"{name}={value}" for name, value in list(labels.items())[:_MOST_LABELS])
    severity = labels.get("severity", "")
    parts = [text, f"[{shown}]" if shown and (not is_alone or not text or severity) else ""]
    url = web_address(first_text(alert, "panelURL", "dashboardURL", "generatorURL"))
    if has_name:
        parts.insert(0, bold(first_line(text_at(alert, "labels", "alertname"))))
    if not is_alone:
        parts.insert(0, shown_status(text_at(alert, "status"))[1])
    return " ".join(filter(None, (*parts, url, web_address(text_at(alert, "imageURL")))))


def is_grafana_legacy(payload: Any) -> bool:
    """Return whether a payload is one of Grafana before unified alerting."""
    return "ruleName" in dict_at(payload) and "state" in dict_at(payload)


def from_grafana_legacy(payload: Any) -> HookMessage:
    """Return what Grafana before unified alerting says."""
    shown, status = shown_status(text_at(payload, "state"))
    name = bold(first_line(text_at(payload, "ruleName")))
    values = [
        f"{first_line(text_at(each, 'metric'), 60)}={first_line(text_at(each, 'value'), 30)}"
        for each in list_at(payload, "evalMatches")[:_MOST_LABELS]
    ]
    parts = (status, name, first_line(text_at(payload, "message"), 400), " ".join(values))
    urls = (plain(text_at(payload, "ruleUrl")), web_address(text_at(payload, "imageUrl")))
    text = " ".join(filter(None, (*parts, *urls)))
    key = text_at(payload, "ruleId") or text_at(payload, "ruleName")
    return HookMessage(text, thread=_key(f"rule {key}"), ends_thread=shown in _OVER)


def is_uptime_kuma(payload: Any) -> bool:
    """Return whether a payload is one of Uptime Kuma."""
    fields = dict_at(payload)
    return {"heartbeat", "monitor", "msg"} <= fields.keys()


def from_uptime_kuma(payload: Any) -> HookMessage:
    """Return what Uptime Kuma says; the monitor is the thread."""
    monitor, beat = dict_at(payload, "monitor"), dict_at(payload, "heartbeat")
    if not monitor or not beat:  # a test, or an expiring certificate
        return HookMessage(plain(text_at(payload, "msg")))
    number = beat.get("status")
    word = str(int(number)) if isinstance(number, bool) else text_at(beat, "status").strip()
    shown, status = shown_status(_KUMA.get(word, word))
    name = bold(first_line(first_text(monitor, "name", "pathName")))
    url = plain(text_at(monitor, "url"))
    parts = (status, name, first_line(text_at(beat, "msg"), 300), "" if url == "https://" else url)
    key = text_at(monitor, "id") or text_at(monitor, "name")
    return HookMessage(
        " ".join(filter(None, parts)), thread=_key(f"monitor {key}"), ends_thread=shown in _OVER
    )


def is_healthchecks(payload: Any) -> bool:
    """Return whether a payload is one of healthchecks.io: its users write the form themselves, by
    the names of its placeholders.
    """
    status = text_at(payload, "status").lower()
    return status in ("up", "down", "grace") and bool(first_text(payload, "name", "code", "check"))


def from_healthchecks(payload: Any) -> HookMessage:
    """Return what healthchecks.io says; the check is the thread."""
    shown, status = shown_status(text_at(payload, "status"))
    name = first_line(first_text(payload, "name", "check", "code"))
    text = first_line(first_text(payload, "message", "msg", "text", "desc", "body"), 300)
    url = plain(first_text(payload, "url", "details_url"))
    key = first_text(payload, "code", "unique_key", "name", "check")
    line = " ".join(filter(None, (status, link(bold(name), ""), text, url)))
    return HookMessage(line, thread=_key(f"check {key}"), ends_thread=shown in _OVER)

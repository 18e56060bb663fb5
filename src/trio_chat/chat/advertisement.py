"""The advertisement: the capabilities and the RPL_ISUPPORT tokens that the server offers to
clients.

It is one immutable value, so that a change is the difference between two of them (IRCv3
capability-negotiation; Modern IRC, RPL_ISUPPORT).
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from trio_chat.chat import sasl_mechanisms
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.users import Session
from trio_chat.irc import capabilities as cap
from trio_chat.irc import isupport
from trio_chat.irc.isupport import Lengths

STS: Final = "sts"
ISUPPORT_BATCH: Final = "draft/isupport"


class Advertisement(NamedTuple):
    """The capabilities and RPL_ISUPPORT tokens of the server.

    Args:
        capabilities: the bits of the capabilities that can be negotiated.
        values: their values, where they differ from the table's.
        sts_duration: seconds for which clients must use TLS (IRCv3 `sts`), or None if `sts` is not
            advertised.
        sts_port: the TLS port that `sts` names.
        tokens: the tokens of RPL_ISUPPORT that are the same for every session.
        rules: the rules for accounts, by which SASL has mechanisms.
        has_uploads: whether RPL_ISUPPORT names the address for uploads, which depends on the way by
            which a session has connected.
    """

    capabilities: int
    values: Mapping[str, str]
    sts_duration: int | None
    sts_port: int
    tokens: tuple[str, ...]
    rules: AccountRules
    has_uploads: bool = False

    def tokens_for(self, session: Session) -> tuple[str, ...]:
        """Return the tokens of RPL_ISUPPORT for a session."""
        return self.tokens + (isupport.filehost(session.page_url) if self.has_uploads else ())

    def shown(self, session: Session) -> dict[str, str]:
        """Return the capabilities that CAP LS 302 shows a session, with their values; "" where
        there is none.
        """
        # EXTERNAL is only for clients that have presented a certificate.
        mechanisms = sasl_mechanisms.mechanisms(session.certificate, self.rules)
        values = {**self.values, "sasl": ",".join(mechanisms)}
        shown = {
            entry.name: values.get(entry.name, entry.value)
            for entry in cap.capabilities_in(self.capabilities)
        }
        if self.sts_duration is not None:
            # `sts` is not in the table: it cannot be requested, and has no meaning without its
            # value.
            shown[STS] = (
                f"duration={self.sts_duration}" if session.is_secure else f"port={self.sts_port}"
            )
        return shown


def advertise(
    server_info: ServerInfo, lengths: Lengths, storage: StoragePorts | None
) -> Advertisement:
    """Return the advertisement of a server.

    Args:
        server_info: its names and rules.
        lengths: its limits.
        storage: the storage with its limits, or None if nothing is stored.
    """
    rules = server_info.account_rules
    missing = 0 if storage else cap.NEEDS_STORAGE
    if not (storage and storage.accounts):
        missing |= cap.NEEDS_ACCOUNTS
    elif not rules.registration:
        missing |= cap.ACCOUNT_REGISTRATION
    vapid = storage.vapid if storage and storage.accounts and server_info.has_push else None
    if vapid is None:
        missing |= cap.NEEDS_PUSH
    if not server_info.has_translation:
        missing |= cap.TRANSLATE
    has_uploads = server_info.uploads.is_enabled and storage is not None
    if not has_uploads:
        missing |= cap.AUTHTOKEN
    keys = f"max-subs={lengths.metadata_subs},max-keys={lengths.metadata_keys}"
    metadata = f"before-connect,{keys},max-value-bytes={lengths.metadata_bytes}"
    registration = {"before-connect": rules.before_connect, "email-required": rules.email != "none"}
    values = {
        "draft/metadata-2": metadata,
        "draft/metadata-3": metadata,
        "draft/multiline": (
            f"max-bytes={lengths.multiline_bytes},max-lines={lengths.multiline_lines}"
        ),
        "draft/account-registration": ",".join(
            token for token, is_so in registration.items() if is_so
        ),
    }
    tokens = isupport.tokens(
        lengths,
        server_info.network,
        storage.most_messages if storage else 0,
        icon=server_info.icon,
        is_safe_rate=server_info.is_safe_rate,
        needs_account=rules.required,
        vapid=vapid.token if vapid else "",
        has_uploads=has_uploads,
        call_base=server_info.call_base,
    )
    return Advertisement(
        cap.ALL & ~missing,
        values,
        server_info.sts_duration,
        server_info.sts_port,
        tuple(tokens),
        rules,
        has_uploads,
    )


def capability_tokens(shown: Mapping[str, str]) -> list[str]:
    """Return capabilities with their values as CAP LS and CAP NEW write them."""
    return [f"{name}={value}" if value else name for name, value in shown.items()]

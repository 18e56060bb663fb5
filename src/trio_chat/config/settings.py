"""The settings of config.ini as frozen dataclasses, with their defaults."""

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from trio_chat.config.block_lists import BlockListZone
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.rights import RIGHTS

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """[server]: listening addresses, and the description of the server."""

    # By default everybody on the network can join; README says how to keep a server local.
    host: tuple[str, ...] = ("0.0.0.0",)  # noqa: S104
    port: int = 5000
    name: str = "chat.local"
    url: str = ""  # of the page, with a "/" at its end; empty: derived
    network: str = "trio-chat"
    icon: str = ""
    description: str = "A trio-chat server"
    password: str = ""
    lobby: str = "#lobby"
    lobby_topic: str = ""
    default_user_modes: str = "i"
    casemapping: str = "precis"
    motd: tuple[str, ...] = ()
    admin: str = ""
    shutdown_grace: float = 3.0  # seconds
    cloak: bool = True
    cloak_secret: str = field(default="", repr=False)  # empty: a random one, stored in the database
    cloak_accounts: bool = False
    tls: str = "auto"
    websocket: bool = True
    origins: tuple[str, ...] = ("same",)
    allowed_hosts: tuple[str, ...] = ()
    proxies: tuple[Network, ...] = ()
    downloads: Path | None = Path("downloads")  # none: no packages are offered


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """[tls]: the certificate."""

    certificate: Path | None = None  # none: a self-signed one that the server makes
    key: Path | None = None  # none: it is in the file of the certificate
    sts_duration: int | None = None  # seconds; none: no strict transport security
    sts_port: int = 0  # 0: [server] port


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingSettings:
    """[logging]: the level, format and files of the log."""

    level: str = "info"
    format: str = "text"
    file: Path | None = Path("logs/server_log.txt")  # empty: no file
    rotate_bytes: int = 5_000_000
    keep: int = 5
    repeats: int = 20  # records of a kind from one address in a minute; 0: all


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    """[storage]: the database, and the retention of messages."""

    file: Path | None = Path("trio-chat.db")  # none: nothing is stored
    keep_days: int = 0  # 0: for ever
    clock_hold_hours: int = 24
    longer_for_channels: bool = False
    synchronous: str = "full"
    playback: int = 20  # messages
    playback_to: str = "people"
    most_messages: int = 100
    reserve: int = 67_108_864  # bytes of the disk that stay free; 0: none
    backups: Path | None = None  # of the HTTP API; none: a directory beside the database


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadSettings:
    """[uploads]: files that clients upload."""

    enabled: bool = True
    permitted: str = "all"
    max_size: int = 26_214_400  # bytes
    account_quota: int = 268_435_456  # bytes
    address_quota: int = 67_108_864  # bytes, of all guests from an address
    total_quota: int = 4_294_967_296  # bytes
    per_hour: int = 120
    at_once: int = 16
    keep_days: int = 0  # 0: as long as the message
    reserve: int = 268_435_456  # bytes of the disk that stay free; 0: none


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """[accounts]: registration, logins, and always-on users."""

    registration: str = "open"
    invitations: str = "operators"
    required: bool = False
    before_connect: bool = True
    min_password: int = 6  # characters
    email: str = "none"
    multi_session: bool = True
    always_on: str = "opt-in"
    auto_away: bool = True
    always_on_days: int = 0  # 0: for ever
    reservation: str = "refuse"
    operators_second_factor: bool = False
    hash_cost: str = "normal"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """[mail]: how mail is sent."""

    mail_from: str = ""
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_tls: str = "starttls"
    smtp_user: str = ""  # empty: without logging in
    smtp_password: str = field(default="", repr=False)
    sendmail: Path | None = None  # a program that is used instead of SMTP

    @property
    def is_usable(self) -> bool:
        """Whether they are enough to send mail."""
        return bool(self.mail_from and (self.smtp_host or self.sendmail))


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """[oidc]: logins by a provider of single sign-on (OpenID Connect)."""

    issuer: str = ""  # empty: there is none
    name: str = "single sign-on"
    client_id: str = ""
    audience: tuple[str, ...] = ()  # empty: the client_id
    scope: str = "openid profile"
    token: str = "id"  # noqa: S105  # which one our clients send
    account_claim: str = "preferred_username"
    group_claim: str = "groups"
    required_group: str = ""
    provision: bool = True
    introspection: str = "never"
    client_secret_file: Path | None = None
    ca_file: Path | None = None  # none: the certificates of the system
    private_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapSettings:
    """[ldap]: passwords of a directory."""

    url: str = ""  # empty: there is none
    starttls: bool = True
    ca_file: Path | None = None  # none: the certificates of the system
    bind_template: str = ""  # the DN of a person, with {name}; empty: it is searched
    bind_dn: str = ""  # what searches; empty: anonymous
    bind_password_file: Path | None = None
    base: str = ""
    filter: str = "(uid={name})"
    account_attribute: str = "uid"
    id_attribute: str = "entryUUID"
    group_attribute: str = "memberOf"
    required_group: str = ""
    provision: bool = True
    order: str = "local"
    connections: int = 8
    timeout: float = 10.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """[cluster]: several servers as one."""

    url: str = field(default="", repr=False)  # of the engine; empty: this server is alone
    node: str = ""  # empty: the host name of the machine
    password_file: Path | None = None
    address: str = ""  # by which other nodes reach this one; empty: they get no files from it

    @property
    def is_enabled(self) -> bool:
        """Whether this server is a node of a cluster."""
        return bool(self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSettings:
    """[push]: push messages to devices."""

    enabled: bool = True
    subject: str = ""  # a mailto: or https: URL; empty: derived
    delay: float = 5.0  # seconds
    devices: int = 4  # of one account
    expire_days: int = 14
    private_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSettings:
    """[archive]: the public archive of channels with +P."""

    enabled: bool = False
    robots: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationSettings:
    """[translation]: the service that translates messages."""

    url: str = ""  # empty: there is none
    key_file: Path | None = None
    timeout: float = 20.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettings:
    """[call]: rooms of a video service that people meet in."""

    base: str = ""  # with a "/" at its end; empty: there are none


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """[api]: the HTTP API."""

    enabled: bool = True
    per_minute: int = 600  # requests of one token


@dataclass(frozen=True, slots=True, kw_only=True)
class ModerationSettings:
    """[moderation]: storms of users, and probation."""

    storm: int = 30  # users without an account, in a minute; 0: no notice
    probation_hours: int = 0  # 0: no probation
    probation_messages: int = 20
    probation_per_minute: int = 6
    probation_exempt: tuple[str, ...] = ("invitation", "email")


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsblSettings:
    """[dnsbl]: block lists of addresses in DNS."""

    zones: tuple[BlockListZone, ...] = ()
    action: str = "notice"  # notice, require-account or refuse
    timeout: float = 1.5  # seconds
    exempt: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSettings:
    """[hooks]: webhooks."""

    incoming: bool = True
    max_request: int = 262_144  # bytes
    per_minute: int = 600  # messages of one hook
    outgoing: bool = True
    give_up_days: int = 7
    private_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """[limits]: the resources that clients may use."""

    clients: int = 10_000
    always_on_users: int = 10_000
    registration_timeout: float = 30.0  # seconds
    ping_interval: float = 90.0  # seconds
    ping_timeout: float = 60.0  # seconds
    websocket_ping_interval: float = 45.0  # seconds; nginx closes idle connections after 60
    connections_per_address: int = 50
    connections_per_minute: int = 60
    connections_exempt: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    failed_logins: int = 20
    failed_logins_per_address: int = 100
    failed_login_delay: float = 1.0  # seconds
    registrations_per_hour: int = 20
    password_checks_per_minute: int = 300
    password_threads: int = 2
    password_queue: int = 1000
    flood_burst: int = 40  # lines
    flood_rate: float = 8.0  # lines a second
    flood_limit: int = 0  # delayed lines in a row; 0: any number
    flood_exempt: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    outbox_bytes: int = 1_048_576
    event_queue: int = 1024
    whowas_entries: int = 200
    server_bans: int = 1000
    # Each a key of its own: nick, channel, topic, ….
    lengths: Lengths = field(default_factory=Lengths)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverySettings:
    """[discovery]: how a server makes itself known to other devices."""

    enabled: bool = True
    name: str = ""  # empty: that of the network
    qr: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """[metrics]: the HTTP server for monitoring."""

    host: tuple[str, ...] = ("127.0.0.1",)
    port: int | None = None  # none: off


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """[client]: defaults of `trio-chat connect` for what the command line leaves out."""

    nick: str = ""
    channel: str = ""  # empty: the [server] lobby
    language: str = ""  # empty: the locale's
    theme: str = "auto"
    typing: bool = True
    highlights: tuple[str, ...] = ()
    notify: str = "desktop"
    strangers: str = "open"
    encoding: str = "cp1252"
    proxy: str = field(default="", repr=False)  # empty: that of the environment
    log: Path | None = None  # none: no logs


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSettings:
    """[profile NAME]: one server that `trio-chat connect NAME` joins."""

    name: str
    host: tuple[tuple[str, int | None], ...]  # several are of one network; None: the port below
    port: int = 5000
    nick: str = ""  # empty: that of [client]
    channels: tuple[str, ...] = ()
    account: str = ""  # empty: the nickname
    password_command: str = ""
    start: bool = True
    sso: bool = False
    encoding: str = ""  # empty: that of [client]
    proxy: str = field(default="", repr=False)  # empty: that of [client]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerSettings:
    """[listener NAME]: an additional listening address."""

    name: str
    host: tuple[str, ...] = ("0.0.0.0",)  # noqa: S104 - as [server] host
    port: int | None = None  # this or a path
    path: Path | None = None
    mode: int = 0o660
    tls: str = "auto"
    websocket: bool = True
    proxy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """[gateway NAME]: a gateway that may give the addresses of its users by WEBIRC."""

    name: str
    addresses: tuple[Network, ...]
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSettings:
    """[operator NAME]: an operator of the server, by OPER or by a group."""

    name: str
    password: str = field(default="", repr=False)  # an argon2id hash; empty: the account is enough
    account: str = ""
    oidc_group: str = ""  # of the provider of single sign-on; whoever is in it is the operator
    ldap_group: str = ""  # the same of the directory
    host: str = ""
    rights: tuple[str, ...] = tuple(RIGHTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of config.ini."""

    server: ServerSettings = field(default_factory=ServerSettings)
    tls: TlsSettings = field(default_factory=TlsSettings)
    logging: LoggingSettings = field(default_factory=LoggingSettings)
    storage: StorageSettings = field(default_factory=StorageSettings)
    uploads: UploadSettings = field(default_factory=UploadSettings)
    accounts: AccountSettings = field(default_factory=AccountSettings)
    mail: MailSettings = field(default_factory=MailSettings)
    oidc: OidcSettings = field(default_factory=OidcSettings)
    ldap: LdapSettings = field(default_factory=LdapSettings)
    cluster: ClusterSettings = field(default_factory=ClusterSettings)
    push: PushSettings = field(default_factory=PushSettings)
    hooks: HookSettings = field(default_factory=HookSettings)
    api: ApiSettings = field(default_factory=ApiSettings)
    archive: ArchiveSettings = field(default_factory=ArchiveSettings)
    translation: TranslationSettings = field(default_factory=TranslationSettings)
    call: CallSettings = field(default_factory=CallSettings)
    moderation: ModerationSettings = field(default_factory=ModerationSettings)
    dnsbl: DnsblSettings = field(default_factory=DnsblSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    discovery: DiscoverySettings = field(default_factory=DiscoverySettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    client: ClientSettings = field(default_factory=ClientSettings)
    listeners: tuple[ListenerSettings, ...] = ()
    operators: tuple[OperatorSettings, ...] = ()
    profiles: tuple[ProfileSettings, ...] = ()
    gateways: tuple[GatewaySettings, ...] = ()
